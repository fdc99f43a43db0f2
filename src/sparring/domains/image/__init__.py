"""Pictures: files, folders, packs, extractors, baselines."""
