"""The studio's pages, one file each: `build(shelf, tab)` fills a tab."""
