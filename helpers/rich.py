"""A richer network than the course teaches: what recurrent models of papers add to it.

Encoder, Memory, context rule, Focus and search are those of the course. What is added serves BLEU
on real text, and not the understanding of attention; how much each part gives was not measured:

- a conditional GRU (Sennrich et al. 2017, arXiv:1703.04357, section 4.1): two cells in a step. The
  first reads y_{i-1}; its state asks; the second reads the answer c_i. So the query knows the last
  word, which s_{i-1} of the course does not;
- a deep output (Pascanu et al. 2014, arXiv:1312.6026; Bahdanau et al. 2014, appendix A.2.2): the
  word comes from s_i, c_i and y_{i-1} together, not from s_i alone;
- tied embeddings (Press and Wolf 2017, arXiv:1608.05859): the output layer has the numbers of the
  target embedding, so that they are learnt from both sides;
- layer normalisation (Ba et al. 2016, arXiv:1607.06450) of the states h_j and s_i, and dropout on
  h_j;
- embeddings that start small. torch's own start at a standard deviation of 1; a rare piece gets too
  few steps to leave that, and stays noise.

helpers/model.py stays what is taught. This decoder has its interface, so that search, traces and
pictures do not see a difference.
"""
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from helpers import fast
from helpers.attention import Focus, Memory
from helpers.distributed import Losses
from helpers.model import Decoder, Encoder, Seq2Seq
from helpers.text import PAD_ID, Batch, Vocabularies


def start_small(embedding: nn.Embedding) -> None:
    """Random numbers in place of an embedding's own; each vector has a length of about 1."""
    nn.init.normal_(embedding.weight, std=embedding.embedding_dim ** -0.5)


class RichEncoder(Encoder):
    """The course's encoder with its states normalised and dropped out."""

    def __init__(self, vocabulary_size: int, embedding_size: int, state_size: int,
                 bidirectional: bool, dropout: float) -> None:
        super().__init__(vocabulary_size, embedding_size, state_size, bidirectional, dropout)
        self.norm = nn.LayerNorm(state_size)
        start_small(self.embedding)

    def forward(self, source: torch.Tensor,
                lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `Encoder.forward`."""
        states, last = super().forward(source, lengths)
        return self.dropout(self.norm(states)), last


class TiedOutput(nn.Module):
    """From the readout of a step to the logits, with the numbers of the target embedding."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        self.embedding = embedding
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings))
        self.out_features = embedding.num_embeddings

    @property
    def weight(self) -> torch.Tensor:
        """The matrix of the layer [vocabulary, embedding]."""
        return self.embedding.weight

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """`hidden` [.., hidden + embedding], of which the readout is the end → [.., vocabulary]."""
        return F.linear(self.readout_of(hidden), self.weight, self.bias)

    def readout_of(self, hidden: torch.Tensor) -> torch.Tensor:
        """The end of `hidden`, from which the word comes: [.., embedding]."""
        return hidden[..., -self.embedding.embedding_dim:]


class RichDecoder(Decoder):
    """A conditional GRU with a deep, tied output.

    What travels from step to step as `hidden` is s_i and, behind it, the readout of the step, from
    which the word comes: [batch, hidden + embedding].
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, state_size: int, hidden_size: int,
                 rule: str, dropout: float) -> None:
        super().__init__(vocabulary_size, embedding_size, state_size, hidden_size, rule,
                         bridge=True, dropout=dropout)
        del self.word_gates, self.context_gates, self.hidden_gates  # of the course's one cell
        self.hidden_size = hidden_size
        self.asking_cell = nn.GRUCell(embedding_size, hidden_size)
        self.reading_cell = nn.GRUCell(state_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.readout = nn.Linear(hidden_size + state_size + embedding_size, embedding_size)
        self.output = TiedOutput(self.embedding)  # type: ignore[assignment]
        start_small(self.embedding)

    def start(self, memory: Memory) -> torch.Tensor:
        """s_0, and a readout that nobody reads: [batch, hidden + embedding]."""
        state = super().start(memory)                                  # [batch, hidden]
        readout = state.new_zeros(len(state), self.embedding.embedding_dim)
        return torch.cat([state, readout], dim=1)

    def read(self, words: torch.Tensor) -> torch.Tensor:
        """Ids [batch] or [batch, target] → their vectors [batch, (target,) embedding]."""
        return self.dropout(self.embedding(words))

    def step(self, word_vector: torch.Tensor, hidden: torch.Tensor,
             memory: Memory) -> tuple[torch.Tensor, Focus]:
        """One step: y_{i-1} after `read`, and what `start` or the step before gave."""
        before = hidden[:, :self.hidden_size]                          # s_{i-1} [batch, hidden]
        asking = self.asking_cell(word_vector, before)                 # s'_i
        focus = self.context_rule(asking, memory)
        state = self.norm(self.reading_cell(focus.context, asking))    # s_i
        everything = torch.cat([state, focus.context, word_vector], dim=1)
        readout = torch.tanh(self.readout(everything))                 # [batch, embedding]
        return torch.cat([state, readout], dim=1), focus


class RichSeq2Seq(Seq2Seq):
    """The course's Seq2Seq with the encoder and the decoder of this file, always bidirectional."""

    def __init__(self, vocabs: Vocabularies, rule: str, embedding_size: int, hidden_size: int,
                 dropout: float) -> None:
        super().__init__(vocabs, rule, embedding_size, hidden_size, bidirectional=True)
        state_size = 2 * hidden_size
        self.encoder = RichEncoder(len(vocabs.source), embedding_size, state_size, True, dropout)
        self.decoder = RichDecoder(len(vocabs.target), embedding_size, state_size, hidden_size,
                                   rule, dropout)


def batch_loss(model: Seq2Seq, batch: Batch, label_smoothing: float) -> Losses:
    """What `training.batch_loss` gives for a RichSeq2Seq, in less time: see fast.OutputLoss."""
    decoder = model.decoder
    memory = model.encode(batch.source, batch.lengths)
    given = batch.target[:, :-1]                                       # <sos> y_1 .. y_m
    gold = batch.target[:, 1:]                                         # y_1 .. y_m <eos>
    states, _ = decoder(given, memory)                                 # [batch, target, ..]
    real = gold != PAD_ID                                              # [batch, target]
    dropped = decoder.dropout(states[real])
    output = cast(TiedOutput, decoder.output)
    readouts = output.readout_of(dropped)                              # [words, embedding]
    loss, plain_loss = fast.OutputLoss.apply(readouts, output.weight, output.bias, gold[real],
                                             label_smoothing)
    return loss, plain_loss, len(readouts)
