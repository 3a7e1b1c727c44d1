"""One module per record format: raw rows in, a :class:`~hotspots.sources._draft.Draft` out."""
