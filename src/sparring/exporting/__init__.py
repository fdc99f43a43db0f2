"""Models carried out of Python: ONNX files, and web pages that run them."""
