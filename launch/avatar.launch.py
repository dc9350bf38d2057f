"""The avatar, configured and activated; with `audio_file`, the recording is spoken to it.

The viewer shows it in a web browser, with `rviz:=true` RViz does too.

Example: `ros2 launch diffsheg_ros avatar.launch.py audio_file:=speech.wav`
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.events import matches_action
from launch.logging import launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

# Installed, as in the checkout, config lies beside launch.
CONFIG = Path(__file__).resolve().parents[1] / 'config'

ARGUMENTS = {
    'audio_file': ('', 'recording to speak once the avatar is active; empty: only the avatar'),
    'bundle': ('', 'folder of the model bundle; empty: what params_file says'),
    'preset': ('', 'low_latency, balanced or quality; empty: what params_file says'),
    'params_file': (str(CONFIG / 'avatar.yaml'), 'parameters of all nodes'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'microphone': ('false', 'true: speak to the avatar through a microphone of this machine'),
    'speaker': ('false', 'true: play the speech on a loudspeaker of this machine'),
    'viewer': ('true', 'true: show the avatar in a web browser'),
    'port': ('', 'port of its page, or the next free one; 0: any; empty: what params_file says'),
    'rviz': ('false', 'true: show the avatar in RViz'),
    'use_sim_time': ('false', 'true: the time of /clock'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}


def nodes(context: LaunchContext) -> list:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    use_sim_time = given['use_sim_time'].lower() == 'true'

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

    avatar = LifecycleNode(**options('avatar', bundle=given['bundle'], preset=given['preset']))
    player = Node(**options('file_player', file=given['audio_file']))

    def change(transition: int) -> EmitEvent:
        matcher = matches_action(avatar)
        event = ChangeState(lifecycle_node_matcher=matcher, transition_id=transition)
        return EmitEvent(event=event)

    def once(start: str, goal: str, action: EmitEvent | Node) -> RegisterEventHandler:
        handler = OnStateTransition(
            target_lifecycle_node=avatar,
            start_state=start,
            goal_state=goal,
            entities=[action],
            handle_once=True,
        )
        return RegisterEventHandler(handler)

    actions = [once('configuring', 'inactive', change(Transition.TRANSITION_ACTIVATE))]
    if given['audio_file']:
        actions.append(once('activating', 'active', player))
    if given['microphone'].lower() == 'true':
        actions.append(once('activating', 'active', Node(**options('microphone'))))
    if given['speaker'].lower() == 'true':
        actions.append(Node(**options('speaker')))
    if given['viewer'].lower() == 'true':
        viewer = options('viewer')
        if given['port']:
            viewer['parameters'].append({'port': ParameterValue(given['port'], value_type=int)})
        actions.append(Node(**viewer))
    if given['rviz'].lower() == 'true':
        actions += rviz_nodes(given['bundle'], given['namespace'], use_sim_time)
    return [*actions, avatar, change(Transition.TRANSITION_CONFIGURE)]


def rviz_nodes(bundle: str, namespace: str, use_sim_time: bool) -> list[Node]:
    """RViz, and what turns joint_states into the frames that it draws."""
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.exports.urdf import urdf_text

    model = load_bundle(bundle or DEFAULT_BUNDLE)
    joint_names = model.config.format.joint_names + model.config.format.face_joint_names
    description = urdf_text(model.skeleton, joint_names)
    parameters = {
        'robot_description': ParameterValue(description, value_type=str),
        # By default it leaves out what comes faster than 20 Hz.
        'publish_frequency': 1000.0,
        'use_sim_time': use_sim_time,
    }
    prefix = namespace.strip('/')
    if prefix:
        # All avatars share /tf, so each names its frames after itself.
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
    """RViz' configuration for frames with a prefix, among the logs of this launch."""
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
