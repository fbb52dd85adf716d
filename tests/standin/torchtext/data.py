"""Batches of similar length."""


def pool(data, batch_size, key, random_shuffler, shuffle, sort_within_batch):
    """Sort within a hundred batches' worth of examples, cut, and mix the batches."""
    assert sort_within_batch
    large = 100 * batch_size
    for start in range(0, len(data), large):
        ordered = sorted(data[start:start + large], key=key)
        batches = [ordered[k:k + batch_size] for k in range(0, len(ordered), batch_size)]
        yield from random_shuffler(batches) if shuffle else batches
