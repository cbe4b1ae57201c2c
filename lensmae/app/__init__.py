"""What the pages share: choices kept in the URL, cached loaders, widgets. The only room that imports streamlit."""
