"""A training step as textbooks write it, at equal sizes: what the course's own is measured against.

Scores are made from a concatenation of query and state, anew for every state at every step; the
output layer stands inside the loop, and padding goes through it too.
"""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.text import PAD_ID, Batch, Vocabularies


class Textbook(nn.Module):
    """Encoder, attention and decoder, with the sizes of a `Seq2Seq` with additive attention."""

    def __init__(self, vocabs: Vocabularies, embedding_size: int, hidden_size: int,
                 bidirectional: bool, dropout: float) -> None:
        super().__init__()
        state_size = 2 * hidden_size if bidirectional else hidden_size
        self.source_embedding = nn.Embedding(len(vocabs.source), embedding_size)
        self.target_embedding = nn.Embedding(len(vocabs.target), embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.GRU(embedding_size, hidden_size, batch_first=True,
                              bidirectional=bidirectional)
        self.bridge = nn.Linear(state_size, hidden_size)
        self.attention = nn.Linear(hidden_size + state_size, hidden_size)
        self.energy = nn.Linear(hidden_size, 1, bias=False)
        self.cell = nn.GRUCell(embedding_size + state_size, hidden_size)
        self.output = nn.Linear(hidden_size, len(vocabs.target))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits of all target places, padding among them: [batch, target, vocabulary]."""
        vectors = self.dropout(self.source_embedding(batch.source))
        packed = pack_padded_sequence(vectors, batch.lengths, batch_first=True,
                                      enforce_sorted=False)
        packed_states, last_of_each = self.encoder(packed)
        states, _ = pad_packed_sequence(packed_states, batch_first=True)
        hidden = torch.tanh(self.bridge(torch.cat(list(last_of_each), dim=1)))
        mask = batch.source != PAD_ID
        logits = []
        for words in batch.target[:, :-1].unbind(1):
            queries = hidden.unsqueeze(1).expand(-1, states.shape[1], -1)
            energies = torch.tanh(self.attention(torch.cat([queries, states], dim=2)))
            scores = self.energy(energies).squeeze(2).masked_fill(~mask, -torch.inf)
            weights = scores.softmax(dim=1).unsqueeze(1)               # [batch, 1, source]
            context = torch.bmm(weights, states).squeeze(1)
            embedded = self.dropout(self.target_embedding(words))
            hidden = self.cell(torch.cat([embedded, context], dim=1), hidden)
            logits.append(self.output(self.dropout(hidden)))
        return torch.stack(logits, dim=1)

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Cross entropy per real target word."""
        logits = self(batch)
        gold = batch.target[:, 1:]
        return F.cross_entropy(logits.flatten(0, 1), gold.flatten(), ignore_index=PAD_ID,
                               label_smoothing=label_smoothing)
