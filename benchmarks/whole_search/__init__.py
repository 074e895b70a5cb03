"""What a whole search costs, over HTTP and with the real model, beside its query's embedding."""
