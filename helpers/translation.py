"""From a trained model to sentences: greedy search, and the Trace of everything that happened on the way."""
from typing import NamedTuple

import torch

from helpers import text


class Trace(NamedTuple):
    """One translated sentence: n source words, m words produced. Tensors are on the CPU, and hold no padding."""
    source: list[str]      # n words
    target: list[str]      # m words, the last of them <eos> unless the step limit came first
    scores: torch.Tensor   # [m, n]          row i was scored with s_{i-1} and belongs to word i
    weights: torch.Tensor  # [m, n]          each row sums to 1
    context: torch.Tensor  # [m, state]      c_1..c_m
    states: torch.Tensor   # [n, state]      h_1..h_n
    hidden: torch.Tensor   # [m + 1, hidden] s_0..s_m
    rivals: list[list[tuple[str, float]]]  # for each step the six likeliest words and their probabilities, best first
    rule: str              # the rule that made the context, such as "AdditiveAttention"

    @property
    def words(self):
        """The translation: the words produced, without <eos>."""
        return self.target[:-1] if self.target[-1] == text.END else self.target


@torch.no_grad()
def translate(model, sentences, references=None, size=100):
    """Greedy translation of tokenised `sentences` (lists of words): one Trace each, in the order given.

    With `references` (lists of words, one for each) the decoder is made to say these instead, as in training: row i
    of a Trace then belongs to word i of the reference. Sentences of similar length go through the model together;
    the result is the one that each would have alone.
    """
    for number, words in enumerate(sentences, start=1):
        if not words or isinstance(words, str):
            raise ValueError(f"sentence {number} is {words!r}: give a list of at least one word, "
                             "such as text.tokenize('I love you')")
    model.eval()
    order = sorted(range(len(sentences)), key=lambda k: len(sentences[k]))
    traces = [None] * len(sentences)
    for start in range(0, len(order), size):
        places = order[start:start + size]
        forced = None if references is None else [references[k] for k in places]
        for place, trace in zip(places, _decode(model, [sentences[k] for k in places], forced), strict=True):
            traces[place] = trace
    return traces


def translate_one(model, sentence):
    """The Trace of one sentence, as typed: "I love you" """
    return translate(model, [text.tokenize(sentence)])[0]


def _decode(model, sentences, references):
    """Run the decoder over a batch until every sentence has ended, and give their Traces."""
    device, vocabs, decoder = next(model.parameters()).device, model.vocabs, model.decoder
    lengths = torch.tensor([len(words) for words in sentences])
    limits = 2 * lengths + 10  # so that a lost model stops
    if references is not None:
        forced = text.padded([[*text.numbers(words, vocabs.target), text.END_ID] for words in references]).to(device)
        limits = torch.tensor([len(words) + 1 for words in references])
    limits = limits.to(device)
    source = text.padded([text.numbers(words, vocabs.source) for words in sentences]).to(device)
    memory = model.encode(source, lengths)
    words = torch.full((len(sentences),), text.START_ID, device=device)
    running, hidden = torch.ones_like(words, dtype=torch.bool), decoder.start(memory)
    hiddens, foci, tops, said = [hidden], [], [], []
    while running.any():
        hidden, focus = decoder.step(decoder.read(words), hidden, memory)
        top = decoder.output(hidden).softmax(dim=1).topk(min(6, decoder.output.out_features))
        words = top.indices[:, 0] if references is None else forced[:, len(said)]
        for kept, new in zip((hiddens, foci, tops, said), (hidden, focus, top, words), strict=True):
            kept.append(new)
        running &= (words != text.END_ID) & (len(said) < limits)
    said = torch.stack(said, dim=1).tolist()
    targets = [[vocabs.target.itos[i] for i in row[:limit]] for row, limit in zip(said, limits.tolist(), strict=True)]
    targets = [words[:words.index(text.END) + 1] if text.END in words else words for words in targets]
    if references is not None:
        targets = [[*words, text.END] for words in references]
    return _traces(model, sentences, targets, memory, hiddens, foci, tops)


def _traces(model, sentences, targets, memory, hiddens, foci, tops):
    """Cut what a batch did into one Trace per sentence, without its padding."""
    scores, weights, context = (torch.stack(part, dim=1).cpu() for part in zip(*foci, strict=True))
    chances, ids = (torch.stack(part, dim=1).tolist() for part in zip(*tops, strict=True))
    hidden, states = torch.stack(hiddens, dim=1).cpu(), memory.states.cpu()
    vocabulary, rule = model.vocabs.target.itos, type(model.decoder.rule).__name__
    assert weights[~memory.mask.cpu().unsqueeze(1).expand_as(weights)].eq(0).all(), "a padded place has weight"
    for k, (source, target) in enumerate(zip(sentences, targets, strict=True)):
        n, m = len(source), len(target)
        rivals = [[(vocabulary[i], p) for i, p in zip(*step, strict=True)]
                  for step in zip(ids[k][:m], chances[k][:m], strict=True)]
        yield Trace(list(source), target, scores[k, :m, :n], weights[k, :m, :n], context[k, :m], states[k, :n],
                    hidden[k, :m + 1], rivals, rule)
