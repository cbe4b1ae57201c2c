"""Images, packed for the browser's canvas or as files."""
