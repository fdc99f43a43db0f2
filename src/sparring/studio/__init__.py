"""The studio: a local web page over the verbs, one file a page (Gradio, the extra `studio`)."""
