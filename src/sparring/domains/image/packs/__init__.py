"""Albums: packs of pictures in several aligned views, one file each."""
