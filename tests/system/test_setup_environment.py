"""The environment of make's commands is the checkout's own, with any variables of the shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffsheg_ros.ros.isolation import isolate
from tests.support.paths import ROOT

#: Variables of another ROS, middleware or Python that would break this environment.
HOSTILE = {
    'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp',
    'RMW_FASTRTPS_PUBLICATION_MODE': 'NONSENSE',
    'RMW_FASTRTPS_USE_QOS_FROM_XML': '1',
    'ROS_DISCOVERY_SERVER': '192.0.2.1:11811',
    'ROS_SUPER_CLIENT': 'TRUE',
    'ROS_STATIC_PEERS': '192.0.2.1;192.0.2.2',
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF',
    'ROS_LOCALHOST_ONLY': '0',
    'ROS_SECURITY_ENABLE': 'true',
    'ROS_SECURITY_STRATEGY': 'Enforce',
    'ROS_SECURITY_KEYSTORE': '/nowhere',
    'ROS_DISTRO': 'humble',
    'ROS_HOME': '/dev/null',
    'ROS_PACKAGE_PATH': '/nowhere',
    'RCUTILS_LOGGING_BUFFERED_STREAM': 'nonsense',
    'RCUTILS_LOGGING_USE_STDOUT': 'nonsense',
    'RCUTILS_COLORIZED_OUTPUT': 'nonsense',
    'RCUTILS_CONSOLE_OUTPUT_FORMAT': '{nonsense',
    'RCL_LOGGING_IMPLEMENTATION': 'rcl_logging_nowhere',
    'RCL_ASSERT_RMW_ID_MATCHES': 'rmw_zenoh_cpp',
    'FASTRTPS_DEFAULT_PROFILES_FILE': '/nowhere.xml',
    'FASTDDS_DEFAULT_PROFILES_FILE': '/nowhere.xml',
    'FASTDDS_BUILTIN_TRANSPORTS': 'NONSENSE',
    'FASTDDS_ENVIRONMENT_FILE': '/nowhere.json',
    'SKIP_DEFAULT_XML': '1',
    'CYCLONEDDS_URI': 'file:///nowhere.xml',
    'ZENOH_CONFIG_OVERRIDE': 'nonsense',
    'NDDSHOME': '/nowhere',
    'RTI_LICENSE_FILE': '/nowhere',
    'AMENT_PREFIX_PATH': '/nowhere',
    'AMENT_CURRENT_PREFIX': '/nowhere',
    'COLCON_PREFIX_PATH': '/nowhere',
    'COLCON_DEFAULTS_FILE': '/nowhere',
    'CMAKE_PREFIX_PATH': '/nowhere',
    'CMAKE_GENERATOR': 'Nonsense',
    'LD_LIBRARY_PATH': '/nowhere',
    'LD_PRELOAD': '/nowhere.so',
    'PYTHONPATH': '/nowhere',
    'PYTHONHOME': '/nowhere',
    'PYTHONSTARTUP': '/nowhere.py',
    'PYTHONWARNINGS': 'error',
    'PYTHONIOENCODING': 'ascii',
    'PYTHONHASHSEED': 'nonsense',
    'PYTHONOPTIMIZE': '2',
    'PYTHONINSPECT': '1',
    'VIRTUAL_ENV': '/nowhere',
    'CONDA_PREFIX': '/nowhere',
    'MPLBACKEND': 'nonsense',
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1',
}

HEARS_ITSELF = """
import sys, time
import rclpy
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node('someone')
heard = []
node.create_subscription(String, 'words', lambda message: heard.append(message.data), 10)
publisher = node.create_publisher(String, 'words', 10)
end = time.monotonic() + 30
while not heard and time.monotonic() < end:
    publisher.publish(String(data='hello'))
    rclpy.spin_once(node, timeout_sec=0.1)
node.get_logger().info('logged')
print(rclpy.get_rmw_implementation_identifier(), *heard[:1])
"""


@pytest.fixture(scope='module')
def checkout(tmp_path_factory) -> Path:
    """Return a checkout with scripts, and an environment file for the tests' Python."""
    root = tmp_path_factory.mktemp("it's a 50% checkout ü")
    shutil.copytree(ROOT / 'scripts', root / 'scripts')
    (root / '.venv').mkdir()
    written = subprocess.run(
        [root / 'scripts/ros_env.sh', sys.prefix], capture_output=True, text=True, check=True
    )
    (root / '.venv/ros-env.sh').write_text(written.stdout)
    return root


def run(checkout: Path, variables: dict[str, str], *command: str, **options):
    plain = {name: os.environ[name] for name in ('PATH', 'HOME') if name in os.environ}
    return subprocess.run(
        [checkout / 'scripts/run.sh', *command],
        env={**plain, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def variables_of(ran: subprocess.CompletedProcess) -> dict[str, str]:
    assert ran.returncode == 0, ran.stderr
    return dict(line.split('=', 1) for line in ran.stdout.split('\0') if '=' in line)


def test_nothing_of_another_ros_is_left(checkout):
    clean = variables_of(run(checkout, {}, 'env', '-0'))
    assert clean['AMENT_PREFIX_PATH'] == clean['VIRTUAL_ENV'] == sys.prefix
    assert clean['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    mixed = variables_of(run(checkout, HOSTILE, 'env', '-0'))
    assert mixed == clean


@pytest.mark.parametrize('name', ['ROS_DOMAIN_ID', 'ROS_LOG_DIR', 'DIFFSHEG_BROWSER', 'TMPDIR'])
def test_what_a_user_sets_on_purpose_stays(checkout, name):
    assert variables_of(run(checkout, {name: '/tmp/7'}, 'env', '-0'))[name] == '/tmp/7'


@pytest.mark.parametrize('shell', ['bash', 'dash', 'zsh'])
def test_the_environment_file_does_the_same_in_every_shell(checkout, shell):
    if shutil.which(shell) is None:
        pytest.skip(f'{shell} is not installed')
    ran = subprocess.run(
        [shell, '-c', f'. "$1"; {sys.executable} -c "import os; print(os.environ)"', shell,
         checkout / '.venv/ros-env.sh'],
        env={'PATH': os.environ['PATH'], **HOSTILE, 'PYTHON': 'mine', 'ROS_ODD': 'a\nROS_B=c'},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert 'nowhere' not in ran.stdout and 'ROS_ODD' not in ran.stdout
    assert "'PYTHON': 'mine'" in ran.stdout


@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize(
    'names',
    [
        list(HOSTILE),
        ['RMW_IMPLEMENTATION'],
        ['ROS_DISCOVERY_SERVER', 'ROS_SUPER_CLIENT'],
        ['ROS_SECURITY_ENABLE', 'ROS_SECURITY_STRATEGY', 'ROS_SECURITY_KEYSTORE'],
        ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_BUILTIN_TRANSPORTS'],
        ['RCUTILS_LOGGING_BUFFERED_STREAM', 'ROS_AUTOMATIC_DISCOVERY_RANGE'],
        ['PYTHONHOME', 'PYTHONWARNINGS'],
    ],
    ids=lambda names: names[0] if len(names) < len(HOSTILE) else 'all',
)
def test_nodes_hear_each_other_whatever_is_set(checkout, names):
    pytest.importorskip('rclpy', reason='needs ROS 2')
    domain: dict[str, str] = {}
    isolate(domain)
    variables = {name: HOSTILE[name] for name in names}
    variables['ROS_DOMAIN_ID'] = domain['ROS_DOMAIN_ID']
    ran = run(checkout, variables, 'python', '-c', HEARS_ITSELF)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ['rmw_fastrtps_cpp', 'hello']


def test_without_an_environment_it_says_what_to_do(checkout):
    ran = run(checkout, {'DIFFSHEG_VENV': '.venv-jazzy'}, 'true')
    assert ran.returncode == 1
    assert ran.stderr == 'error: no .venv-jazzy here yet; run `make setup`\n'


@pytest.mark.parametrize(
    'name', ['a"b', 'a$b', 'a`b', 'a:b', 'a;b', 'a\\b', 'a\nb', b'a\xffb', 'long']
)
def test_a_place_that_cannot_work_is_refused_before_anything_is_installed(tmp_path, name):
    folder = os.fsencode(tmp_path)
    parts = [b'x' * 250] * 4 if name == 'long' else [os.fsencode(name)]
    for part in parts:
        folder = os.path.join(folder, part)
        os.mkdir(folder)
    shutil.copytree(os.fsencode(ROOT / 'scripts'), os.path.join(folder, b'scripts'))
    ran = subprocess.run(
        ['bash', os.path.join(folder, b'scripts/setup.sh'), 'demo'],
        capture_output=True, timeout=60, env={'PATH': os.environ['PATH'], 'CDPATH': '.:/tmp'},
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr.startswith(b'error: the checkout') and ran.stderr.count(b'\n') == 1
    assert os.listdir(folder) == [b'scripts']
