"""The avatar, configured and activated; with `audio_file`, the recording is spoken to it.

Example: `ros2 launch diffsheg_ros avatar.launch.py audio_file:=speech.wav`
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

# Installed, as in the checkout, config lies beside launch.
DEFAULT_PARAMETERS = Path(__file__).resolve().parents[1] / 'config' / 'avatar.yaml'

ARGUMENTS = {
    'audio_file': ('', 'recording to speak once the avatar is active; empty: only the avatar'),
    'bundle': ('', 'folder of the model bundle; empty: what params_file says'),
    'params_file': (str(DEFAULT_PARAMETERS), 'parameters of all nodes'),
    'namespace': ('', 'namespace of all nodes and topics'),
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

    avatar = LifecycleNode(**options('avatar', bundle=given['bundle']))
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
    return [*actions, avatar, change(Transition.TRANSITION_CONFIGURE)]


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])
