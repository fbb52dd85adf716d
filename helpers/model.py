"""The network: an encoder that writes a Memory, and a decoder that reads it through a context rule.

The fixed-context model and every attention model are this same code; only `rule` differs (helpers/attention.py).
"""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.attention import RULES, Memory


class Encoder(nn.Module):
    """Reads the source sentence word after word and keeps every state (Cho et al. 2014, section 2.2; a GRU).

    `state` is the size of one h_j. A bidirectional encoder gives each direction half of it.
    """

    def __init__(self, words, embedding, state, bidirectional=False, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(embedding, state // 2 if bidirectional else state, batch_first=True,
                          bidirectional=bidirectional)

    def forward(self, source, lengths):
        """`source` [batch, source], `lengths` [batch] → states [batch, source, state], last [batch, state]."""
        words = self.dropout(self.embedding(source))
        # Packed, so that no state ever reads padding: a sentence gives the same states alone and in a batch.
        packed = pack_padded_sequence(words, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, last = self.gru(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        return states, torch.cat(tuple(last), dim=1)


class Decoder(nn.Module):
    """Writes the target sentence: a context, a word and a GRU cell at every step (Bahdanau et al. 2014, appendix A.2).

    `rule` is a class of helpers/attention.py. It scores with s_{i-1}; the word just produced and the context c_i enter
    the cell; the word comes out of s_i.
    """

    def __init__(self, words, embedding, state, hidden, rule, bridge=False, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(words, embedding)
        self.dropout = nn.Dropout(dropout)
        self.bridge = nn.Linear(state, hidden) if bridge else None  # s_0 = tanh(W [→h_n; ←h_1])
        # The three inputs of a GRU cell, kept apart: the words' share is then one product for all steps of a sentence.
        self.word_gates = nn.Linear(embedding, 3 * hidden)
        self.context_gates = nn.Linear(state, 3 * hidden, bias=False)
        self.hidden_gates = nn.Linear(hidden, 3 * hidden)
        self.output = nn.Linear(hidden, words)
        self.rule = rule(state, hidden)  # last, so that all the rest starts from the same numbers under every rule

    def start(self, memory):
        """s_0 [batch, hidden]: the last encoder state."""
        return memory.last if self.bridge is None else torch.tanh(self.bridge(memory.last))

    def read(self, words):
        """What the words y_{i-1} give to the cell: [batch] or [batch, target] → [..., 3 hidden]."""
        return self.word_gates(self.dropout(self.embedding(words)))

    def step(self, word, hidden, memory):
        """One step: `word` [batch, 3 hidden] (y_{i-1} after `read`) and s_{i-1} → s_i [batch, hidden], the Focus."""
        focus = self.rule(hidden, memory)
        reset_x, update_x, new_x = (word + self.context_gates(focus.context)).chunk(3, dim=1)
        reset_h, update_h, new_h = self.hidden_gates(hidden).chunk(3, dim=1)
        new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
        return torch.lerp(new, hidden, torch.sigmoid(update_x + update_h)), focus

    def forward(self, words, memory):
        """Teacher forcing: `words` [batch, target] are given → s_1..s_m [batch, target, hidden] and the m Foci."""
        hidden, states, foci = self.start(memory), [], []
        for word in self.read(words).unbind(1):
            hidden, focus = self.step(word, hidden, memory)
            states.append(hidden)
            foci.append(focus)
        return torch.stack(states, dim=1), foci


class Seq2Seq(nn.Module):
    """Encoder and decoder, and the vocabularies (`text.Vocabularies`) that say what their numbers mean."""

    def __init__(self, vocabs, rule="additive", embedding=128, hidden=128, bidirectional=False, dropout=0.0):
        """`rule`: a name in attention.RULES. `hidden`: the size of s_i and of h_j; bidirectional doubles h_j."""
        super().__init__()
        if rule not in RULES:
            raise ValueError(f"rule {rule!r} is unknown: choose one of {', '.join(RULES)}")
        self.vocabs = vocabs
        state = 2 * hidden if bidirectional else hidden
        self.encoder = Encoder(len(vocabs.source), embedding, state, bidirectional, dropout)
        self.decoder = Decoder(len(vocabs.target), embedding, state, hidden, RULES[rule], bidirectional, dropout)

    def encode(self, source, lengths):
        """`source` [batch, source], `lengths` [batch] → Memory."""
        states, last = self.encoder(source, lengths)
        places = torch.arange(source.shape[1], device=source.device)
        mask = places < lengths.to(source.device).unsqueeze(1)
        return Memory(states, mask, last, self.decoder.rule.keys(states))

    def forward(self, batch):
        """The logits of every real target word [words, vocabulary], and those words [words]: no padding among them."""
        states, _ = self.decoder(batch.target[:, :-1], self.encode(batch.source, batch.lengths))
        gold = batch.target[:, 1:]
        real = gold != self.vocabs.target.stoi["<pad>"]
        return self.decoder.output(self.decoder.dropout(states[real])), gold[real]
