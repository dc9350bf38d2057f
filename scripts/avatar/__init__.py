"""Parts of `scripts/export_avatar.py`: from MakeHuman's base mesh to the viewer's character."""
