"""The command diffsheg urdf."""

import xml.etree.ElementTree as ElementTree


def test_the_command_writes_the_figure_of_a_bundle(tmp_path, capfd):
    from diffsheg_model.cli.main import main

    path = tmp_path / 'avatar.urdf'
    assert main(['urdf', '-o', str(path)]) == 0
    written = ElementTree.parse(path).getroot()
    moving = [joint.get('name') for joint in written.iter('joint') if joint.get('type') != 'fixed']
    assert len(moving) == 141 and 'Spine_x' in moving
    assert main(['urdf', '-o', str(tmp_path / 'avatar.xml')]) == 2
    assert 'ends in .urdf' in capfd.readouterr().err
