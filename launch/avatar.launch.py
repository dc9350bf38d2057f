"""Launch of the avatar with its viewer; with `audio_file`, it speaks that recording.

The viewer shows it in a web browser; `rviz:=true` starts RViz too. The launch ends with status 1 if
the avatar cannot start or dies.

Example: `ros2 launch diffsheg_ros avatar.launch.py audio_file:=speech.wav`
"""

import sys
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.logging import get_logger, launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.parameter_descriptions import ParameterValue

# The folder config lies beside launch, in the checkout and when installed.
CONFIG = Path(__file__).resolve().parents[1] / 'config'

ARGUMENTS = {
    'audio_file': ('', 'recording to speak once the avatar is active; empty: only the avatar'),
    'bundle': ('', 'folder of the model bundle; empty: what params_file says'),
    'preset': ('', 'low_latency, balanced or quality; empty: what params_file says'),
    'params_file': (str(CONFIG / 'avatar.yaml'), 'parameters of all nodes'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'microphone': ('false', 'true: speak to the avatar through a microphone of this machine'),
    'loudspeaker': ('false', 'true: play the speech on a loudspeaker of this machine'),
    'speaker': ('', 'former name of loudspeaker, accepted in this release'),
    'viewer': ('true', 'true: show the avatar in a web browser'),
    'port': ('', 'port of its page, or the next free one; 0: any; empty: what params_file says'),
    'rviz': ('false', 'true: show the avatar in RViz'),
    'respawn': ('false', 'true: start the avatar again when it dies'),
    'use_sim_time': ('false', 'true: the time of /clock'),
    'log_level': ('info', 'debug (this package), info, warn, error or fatal'),
}
#: Arguments that are true or false.
SWITCHES = [name for name, (default, _) in ARGUMENTS.items() if default in ('true', 'false')]
#: Exit status of a node that cannot start, and would not start the next time either.
CANNOT_START = 2
RESPAWN_DELAY_S = 1.0


def nodes(context: LaunchContext) -> list:
    try:
        from diffsheg_ros.startup.launch_arguments import (
            check_names,
            check_values,
            loudspeaker_switch,
        )
    except ImportError as error:
        from diffsheg_ros.startup.import_failure import import_failure

        raise RuntimeError(import_failure(error)) from error
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    check_names(sys.argv, Path(__file__).name, ARGUMENTS)
    given['loudspeaker'], note = loudspeaker_switch(given)
    if note:
        get_logger('launch').warning(note)
    check_values(given, SWITCHES)
    use_sim_time = is_true(given['use_sim_time'])

    def options(executable: str, **texts: str) -> dict:
        own = {name: ParameterValue(text, value_type=str) for name, text in texts.items() if text}
        return {
            'package': 'diffsheg_ros',
            'executable': executable,
            'name': executable,
            'namespace': given['namespace'],
            'parameters': [given['params_file'], {'use_sim_time': use_sim_time, **own}],
            'ros_arguments': ['--log-level', given['log_level']],
            'output': 'screen',
        }

    avatar = avatar_node(
        options('avatar', bundle=given['bundle'], preset=given['preset']), is_true(given['respawn'])
    )
    actions = [RegisterEventHandler(OnProcessExit(target_action=avatar, on_exit=when_it_ends))]
    speaking = []
    if given['audio_file']:
        speaking.append(Node(**options('file_player', file=given['audio_file'])))
    if is_true(given['microphone']):
        speaking.append(Node(**options('microphone')))
    active = OnStateTransition(
        target_lifecycle_node=avatar, goal_state='active', entities=speaking, handle_once=True
    )
    actions.append(RegisterEventHandler(active))
    if is_true(given['loudspeaker']):
        actions.append(Node(**options('speaker')))
    if is_true(given['viewer']):
        viewer = options('viewer')
        if given['port']:
            viewer['parameters'].append({'port': int(given['port'])})
        actions.append(Node(**viewer))
    if is_true(given['rviz']):
        actions += rviz_nodes(given['bundle'], given['namespace'], use_sim_time)
    return [*actions, avatar]


def is_true(text: str) -> bool:
    return text.lower() == 'true'


def avatar_node(options: dict, respawn: bool) -> LifecycleNode:
    """Return the avatar node, which configures and activates itself, also after a respawn."""
    *files, own = options.pop('parameters')
    own = {**own, 'autostart': True, 'exit_on_failure': True}
    return LifecycleNode(
        **options, parameters=[*files, own], respawn=respawn, respawn_delay=RESPAWN_DELAY_S
    )


def when_it_ends(event: ProcessExited, context: LaunchContext) -> list[Shutdown] | None:
    """End the launch when the avatar ends, with an error unless it was stopped."""
    if context.is_shutdown:
        return None
    if event.returncode == CANNOT_START:
        # Launch reports it in one line and ends with status 1.
        raise RuntimeError('the avatar cannot start; its own line above says why')
    if is_true(context.launch_configurations['respawn']):
        return None
    if event.returncode:
        raise RuntimeError(f'the avatar has died (exit code {event.returncode})')
    return [Shutdown(reason='the avatar has ended')]


def rviz_nodes(bundle: str, namespace: str, use_sim_time: bool) -> list[Node]:
    """Return RViz, and the node that turns joint_states into the frames that it draws."""
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.motion_files.urdf import urdf_text

    model = load_bundle(bundle or DEFAULT_BUNDLE)
    joint_names = model.config.format.joint_names + model.config.format.face_joint_names
    description = urdf_text(model.skeleton, joint_names)
    parameters = {
        'robot_description': ParameterValue(description, value_type=str),
        # By default it drops joint states above 20 Hz.
        'publish_frequency': 1000.0,
        'use_sim_time': use_sim_time,
    }
    prefix = namespace.strip('/')
    if prefix:
        # All avatars share /tf, so the frames of each have a prefix.
        parameters['frame_prefix'] = ParameterValue(f'{prefix}/', value_type=str)
    publisher = Node(
        package='robot_state_publisher',
        executable='robot_state_publisher',
        namespace=namespace,
        parameters=[parameters],
    )
    rviz = Node(
        package='rviz2',
        executable='rviz2',
        name='rviz2',
        namespace=namespace,
        arguments=['-d', str(rviz_config(prefix))],
        parameters=[{'use_sim_time': use_sim_time}],
    )
    return [publisher, rviz]


def rviz_config(prefix: str) -> Path:
    """Return RViz' configuration for frames with a prefix, written beside the logs."""
    config = CONFIG / 'avatar.rviz'
    if not prefix:
        return config
    text = config.read_text()
    text = text.replace('Fixed Frame: base_link', f'Fixed Frame: {prefix}/base_link')
    text = text.replace("TF Prefix: ''", f'TF Prefix: {prefix}')
    prefixed = Path(launch_config.log_dir, config.name)
    prefixed.write_text(text)
    return prefixed


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])
