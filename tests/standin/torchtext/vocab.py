"""Words with numbers."""


class Vocab:
    """Specials first, then the words by their counts, equal counts by the alphabet."""

    def __init__(self, counts, min_freq=1, specials=()):
        words = sorted(set(counts) - set(specials), key=lambda word: (-counts[word], word))
        frequent = [word for word in words if counts[word] >= min_freq]
        self.itos = [*specials, *frequent]
        self.stoi = {word: number for number, word in enumerate(self.itos)}

    def __getitem__(self, word):
        return self.stoi.get(word, 0)

    def __len__(self):
        return len(self.itos)
