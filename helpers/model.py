"""The network: an encoder that writes a Memory, and a decoder that reads it through a context rule.

The fixed-context model and every attention model are this same code; only `rule` differs, a key of
RULES in helpers/attention.py.
"""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.attention import RULES, Focus, Memory
from helpers.text import PAD_ID, Batch, Vocabularies


class Encoder(nn.Module):
    """Reads the source sentence word after word and keeps every state.

    A GRU: Cho et al. 2014 (arXiv:1406.1078), section 2.3. Differs from the paper: the reset gate
    acts on U h (as torch's GRU has it), there on h before the product.

    `state_size` is the size of one h_j. A bidirectional encoder gives each direction half of it.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, state_size: int,
                 bidirectional: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        directions = 2 if bidirectional else 1
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(embedding_size, state_size // directions, batch_first=True,
                          bidirectional=bidirectional)

    def forward(self, source: torch.Tensor,
                lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`source` [batch, source], `lengths` [batch] → states [batch, source, state] and last.

        `last` [batch, state] is h_n of each sentence; of a bidirectional encoder [→h_n; ←h_1].
        """
        vectors = self.embedding(source)                               # [batch, source, embedding]
        vectors = self.dropout(vectors)
        # Packed, so that no state ever reads padding: a sentence has the same states in any batch.
        packed = pack_padded_sequence(vectors, lengths.cpu(), batch_first=True,
                                      enforce_sorted=False)
        packed_states, last_of_each = self.gru(packed)                 # [directions, batch, ..]
        states, _ = pad_packed_sequence(packed_states, batch_first=True,
                                        total_length=source.shape[1])  # [batch, source, state]
        last = torch.cat(last_of_each.unbind(0), dim=1)                # [batch, state]
        return states, last


class Decoder(nn.Module):
    """Writes the target sentence: at every step a context, the word before, and a GRU cell.

    Bahdanau et al. 2014, appendix A.2: the rule scores with s_{i-1}; the word y_{i-1} and the
    context c_i enter the cell, which makes s_i; from s_i comes the word y_i. Differs from the
    paper: the update gate z there is 1 − z here; the reset gate acts on U s_{i-1}, there on s_{i-1}
    before the product; the output is one linear layer over s_i, there a maxout layer over s_{i-1},
    y_{i-1} and c_i; and s_0 there comes from ←h_1 alone.

    `rule` is a key of RULES. With `bridge`, s_0 = tanh(W [→h_n; ←h_1]); without it, s_0 = h_n.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, state_size: int, hidden_size: int,
                 rule: str, bridge: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.bridge = nn.Linear(state_size, hidden_size) if bridge else None
        # A GRU cell has three inputs, and for each of them three parts: reset, update, proposal.
        # Kept apart, the words' share is one product for all steps of a sentence.
        self.word_gates = nn.Linear(embedding_size, 3 * hidden_size)
        self.context_gates = nn.Linear(state_size, 3 * hidden_size, bias=False)
        self.hidden_gates = nn.Linear(hidden_size, 3 * hidden_size)
        self.output = nn.Linear(hidden_size, vocabulary_size)
        # Last, so that all the rest starts from the same random numbers under every rule.
        self.context_rule = RULES[rule](state_size, hidden_size)

    def start(self, memory: Memory) -> torch.Tensor:
        """s_0 [batch, hidden]: the last encoder state, through the bridge where there is one."""
        if self.bridge is None:
            return memory.last
        return torch.tanh(self.bridge(memory.last))

    def read(self, words: torch.Tensor) -> torch.Tensor:
        """What words give to the three gates of the cell.

        Ids [batch] or [batch, target] → [batch, 3 hidden] or [batch, target, 3 hidden].
        """
        vectors = self.dropout(self.embedding(words))
        return self.word_gates(vectors)

    def step(self, word_gates: torch.Tensor, hidden: torch.Tensor,
             memory: Memory) -> tuple[torch.Tensor, Focus]:
        """One step: y_{i-1} after `read` [batch, 3 hidden], s_{i-1} [batch, hidden] → s_i."""
        focus = self.context_rule(hidden, memory)
        from_input = word_gates + self.context_gates(focus.context)    # [batch, 3 hidden]
        return self.cell(from_input, hidden), focus

    def cell(self, from_input: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The GRU cell: what enters its three gates [batch, 3 hidden], and s_{i-1} → s_i."""
        from_hidden = self.hidden_gates(hidden)                        # [batch, 3 hidden]
        reset_x, update_x, proposal_x = from_input.chunk(3, dim=1)     # each [batch, hidden]
        reset_h, update_h, proposal_h = from_hidden.chunk(3, dim=1)
        reset = torch.sigmoid(reset_x + reset_h)
        update = torch.sigmoid(update_x + update_h)
        proposal = torch.tanh(proposal_x + reset * proposal_h)
        # lerp is the mixture (1 - update) · proposal + update · hidden, in one operation
        return torch.lerp(proposal, hidden, update)                    # [batch, hidden]

    def forward(self, words: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, list[Focus]]:
        """Teacher forcing: `words` [batch, target] are given → s_1..s_m [batch, target, hidden].

        The list has the Focus of each of the m steps.
        """
        hidden = self.start(memory)
        gates = self.read(words)                                       # [batch, target, 3 hidden]
        states = []
        foci = []
        for word_gates in gates.unbind(1):
            hidden, focus = self.step(word_gates, hidden, memory)
            states.append(hidden)
            foci.append(focus)
        return torch.stack(states, dim=1), foci


class Seq2Seq(nn.Module):
    """Encoder and decoder, and the vocabularies that say what their numbers mean."""

    def __init__(self, vocabs: Vocabularies, rule: str = "additive", embedding_size: int = 128,
                 hidden_size: int = 128, bidirectional: bool = False, dropout: float = 0.0) -> None:
        """`hidden_size`: the size of s_i, and of h_j; a bidirectional encoder doubles h_j.

        A `rule` that is no key of RULES raises a ValueError.
        """
        super().__init__()
        if rule not in RULES:
            raise ValueError(f"rule {rule!r} is unknown: choose one of {', '.join(RULES)}")
        self.rule = rule
        self.vocabs = vocabs
        state_size = 2 * hidden_size if bidirectional else hidden_size
        self.encoder = Encoder(len(vocabs.source), embedding_size, state_size, bidirectional,
                               dropout)
        self.decoder = Decoder(len(vocabs.target), embedding_size, state_size, hidden_size, rule,
                               bridge=bidirectional, dropout=dropout)

    @property
    def device(self) -> torch.device:
        """Where the parameters are, and where batches have to go."""
        return self.decoder.output.weight.device

    def encode(self, source: torch.Tensor, lengths: torch.Tensor) -> Memory:
        """`source` [batch, source], `lengths` [batch] → Memory."""
        states, last = self.encoder(source, lengths)
        places = torch.arange(source.shape[1], device=source.device)  # [source]
        mask = places < lengths.to(source.device).unsqueeze(1)        # [batch, source]
        keys = self.decoder.context_rule.keys(states)
        return Memory(states, mask, last, keys)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits of every real target word [words, vocabulary], and those words [words].

        Padding is left out before the output layer, which is the largest product of all.
        """
        memory = self.encode(batch.source, batch.lengths)
        given = batch.target[:, :-1]                                   # <sos> y_1 .. y_m
        gold = batch.target[:, 1:]                                     # y_1 .. y_m <eos>
        states, _ = self.decoder(given, memory)                        # [batch, target, hidden]
        real = gold != PAD_ID                                          # [batch, target]
        logits = self.decoder.output(self.decoder.dropout(states[real]))
        return logits, gold[real]


def count_parameters(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(weights.numel() for weights in module.parameters())
