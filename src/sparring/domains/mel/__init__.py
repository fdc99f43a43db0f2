"""Log-mel spectrograms of waveforms, and waveforms of them."""
