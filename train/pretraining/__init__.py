"""Pre-training of encoders: masked language modelling with sentence-order prediction."""
