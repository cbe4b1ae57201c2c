"""What visitors keep in the workspace: grades, tags and notes of images, and saved views. One SQLite file, safe with several
visitors and several servers."""
