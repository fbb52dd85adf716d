"""Several models translate together: the word comes from the mean of their probabilities.

Models of different seeds err in different places, so their mean errs less often (Hansen and Salamon
1990; for translation Sutskever et al. 2014, arXiv:1409.3215, section 3.6). It costs as many
trainings, and as much time for each word, as there are models.

An Ensemble has the interface of the course's model, so that search, traces and pictures do not see
a difference. What belongs to a single model stands in a further, last dimension: [.., models].
"""
from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from helpers.attention import Focus, Memory
from helpers.model import Decoder, Seq2Seq


def together(models: Sequence[Seq2Seq]) -> Seq2Seq:
    """One model that thinks what `models` think on average.

    They must share their vocabularies, their rule and their sizes: a ValueError says what differs.
    """
    first, *others = models
    for number, other in enumerate(others, start=2):
        for side in ("source", "target"):
            words = getattr(other.vocabs, side).itos
            words_of_first = getattr(first.vocabs, side).itos
            if words != words_of_first:
                raise ValueError(f"model {number} knows other {side} words than the first: train "
                                 "them on the same text, with as many pieces")
        if other.rule != first.rule:
            raise ValueError(f"model {number} has the rule {other.rule!r}, and the first "
                             f"{first.rule!r}: give models of one rule")
        if shapes(other) != shapes(first):
            raise ValueError(f"model {number} is built otherwise than the first: train them with "
                             "the same recipe and sizes")
    return cast(Seq2Seq, Ensemble(models)) if others else first


def shapes(model: Seq2Seq) -> dict[str, torch.Size]:
    """The shape of each parameter."""
    return {name: numbers.shape for name, numbers in model.state_dict().items()}


class Ensemble(nn.Module):
    """Models that read a sentence each for itself, and a decoder of all of them."""

    def __init__(self, models: Sequence[Seq2Seq]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.vocabs = models[0].vocabs
        self.rule = models[0].rule
        self.decoder = Decoders([model.decoder for model in models])

    @property
    def device(self) -> torch.device:
        """Where the parameters are, and where batches have to go."""
        return next(self.parameters()).device

    def encode(self, source: torch.Tensor, lengths: torch.Tensor) -> Memory:
        """As `Seq2Seq.encode`; the mask is that of one model, since all see the same words."""
        models = cast(list[Seq2Seq], self.models)
        memories = [model.encode(source, lengths) for model in models]
        states, masks, last, keys = zip(*memories, strict=True)
        return Memory(stacked(states), masks[0], stacked(last), stacked(keys))


class Decoders(nn.Module):
    """Decoders that take each step side by side."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        super().__init__()
        self.decoders = nn.ModuleList(decoders)
        self.output = MeanOutput([decoder.output for decoder in decoders])

    def start(self, memory: Memory) -> torch.Tensor:
        """s_0 of each: [batch, hidden, models]."""
        states = [decoder.start(own) for decoder, own in self.each(memory)]
        return stacked(states)

    def read(self, words: torch.Tensor) -> torch.Tensor:
        """What each has read: as `Decoder.read`, [.., models]."""
        decoders = cast(list[Decoder], self.decoders)
        return stacked([decoder.read(words) for decoder in decoders])

    def step(self, read_words: torch.Tensor, hidden: torch.Tensor,
             memory: Memory) -> tuple[torch.Tensor, Focus]:
        """One step of each. The weights are their mean, the scores the logarithm of that.

        So softmax of the scores gives the weights, as it does for a single model.
        """
        states = []
        foci = []
        for number, (decoder, own_memory) in enumerate(self.each(memory)):
            own_word = read_words[..., number]
            own_hidden = hidden[..., number]
            state, focus = decoder.step(own_word, own_hidden, own_memory)
            states.append(state)
            foci.append(focus)
        weights = stacked([focus.weights for focus in foci]).mean(dim=-1)  # [batch, source]
        contexts = stacked([focus.context for focus in foci])
        return stacked(states), Focus(weights.log(), weights, contexts)

    def each(self, memory: Memory) -> list[tuple[Decoder, Memory]]:
        """Each decoder with the part of the memory that is its own."""
        decoders = cast(list[Decoder], self.decoders)
        pairs = []
        for number, decoder in enumerate(decoders):
            states = memory.states[..., number]
            last = memory.last[..., number]
            keys = memory.keys[..., number]
            pairs.append((decoder, Memory(states, memory.mask, last, keys)))
        return pairs


class MeanOutput(nn.Module):
    """The logarithms of the mean of the probabilities, which are logits as any others."""

    def __init__(self, outputs: Sequence[nn.Module]) -> None:
        super().__init__()
        self.outputs = nn.ModuleList(outputs)
        self.out_features = cast(nn.Linear, outputs[0]).out_features

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """`hidden` [batch, hidden, models] → [batch, vocabulary]."""
        probabilities = []
        for output, own in zip(self.outputs, hidden.unbind(-1), strict=True):
            probabilities.append(output(own).softmax(dim=-1))
        return stacked(probabilities).mean(dim=-1).log()


def stacked(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Tensors of equal shape → one with a further, last dimension: [.., models]."""
    return torch.stack(tuple(tensors), dim=-1)
