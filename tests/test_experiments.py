"""What is measured with models agrees with other code, and with what can be worked out."""
import pytest
import torch

from conftest import gru_cell, small
from helpers import course, evaluation, experiments, pieces, text, training, translation
from helpers.model import count_parameters
from helpers.text import Pair


@pytest.fixture(autouse=True)
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "BUILD", tmp_path)


def test_compare_measures_each_model_by_length_and_as_a_whole(toy):
    """Two rules on the toy corpus, with a split of long sentences: tables hold what parts give."""
    long = [pair for pair in toy.train if len(pair.source) == 4][:6]
    corpus = toy._replace(long=long)
    protocols = [small(rule="fixed", epochs=2), small(rule="additive", epochs=6)]
    lengths, models = experiments.compare(corpus, protocols, buckets=2)

    assert models["rule"].tolist() == ["fixed", "additive"]
    assert models["hidden_size"].tolist() == [24, 24] and models["seed"].tolist() == [1, 1]
    for settings, row in zip(protocols, models.itertuples(), strict=True):
        model, history = training.trained(corpus, settings)  # loaded: compare has trained it
        traces = translation.translate(model, [pair.source for pair in corpus.test])
        assert row.bleu == pytest.approx(evaluation.bleu(traces, corpus.test))
        assert row.perfect == evaluation.perfect(traces, corpus.test)
        assert row.low <= row.bleu <= row.high
        assert row.parameters == count_parameters(model)
        assert row.seconds == pytest.approx(history.seconds.sum())

        mine = lengths[lengths["rule"] == settings.rule]
        tested = mine[mine["split"] == "test"]
        assert tested["sentences"].sum() == len(corpus.test)
        weighted = (tested["perfect"] * tested["sentences"]).sum() / tested["sentences"].sum()
        assert weighted == pytest.approx(row.perfect)
        (beyond,) = mine[mine["split"] == "long"].itertuples()
        traces = translation.translate(model, [pair.source for pair in long])
        assert beyond.sentences == 6 and beyond.shortest == beyond.longest == 4
        assert beyond.bleu == pytest.approx(evaluation.bleu(traces, long))


def test_hiding_a_state_takes_its_weight_and_nothing_else(toy, learnt):
    pairs = [pair for pair in toy.train[:8] if len(pair.source) > 1]
    traces = translation.translate(learnt, [pair.source for pair in pairs])
    table = experiments.hide_states(learnt, traces)
    assert len(table) == sum(len(trace.target) for trace in traces)
    for row in table.itertuples():
        said, probability = traces[row.sentence].rivals[row.step][0]
        assert row.word == said and row.kept == pytest.approx(probability, abs=1e-5)
        weights = traces[row.sentence].weights[row.step]
        assert row.left == pytest.approx(1 - weights.max().item(), abs=1e-6)
        lefts = [pytest.approx(1 - weight, abs=1e-6) for weight in weights.tolist()]
        assert row.other_left in lefts and row.other_left >= row.left - 1e-6


def test_with_one_of_two_words_hidden_the_context_is_the_state_of_the_other(toy, learnt):
    """torch's own GRU cell, fed with the state that is left, says the same."""
    trace = translation.translate(learnt, [["the", "cat"]])[0]
    row = experiments.hide_states(learnt, [trace]).iloc[0]
    left = 1 - int(trace.weights[0].argmax())
    decoder = learnt.decoder
    with torch.no_grad():
        start = decoder.embedding(torch.tensor([text.START_ID]))
        cell_input = torch.cat([start, trace.states[left:left + 1]], dim=1)
        after = gru_cell(decoder, 16, 24)(cell_input, trace.hidden[:1])
        probabilities = decoder.output(after).softmax(dim=1)[0]
    said = learnt.vocabs.target.stoi[trace.target[0]]
    assert row.attended == pytest.approx(probabilities[said].item(), abs=1e-5)
    assert row.attended != row.other


def test_a_sentence_of_one_word_has_nothing_to_hide(learnt):
    traces = translation.translate(learnt, [["cat"], ["the", "cat"]])
    assert set(experiments.hide_states(learnt, traces).sentence) == {1}


@pytest.fixture(scope="module")
def two_way(toy):
    """A model that has read the toy corpus from both ends, for a moment."""
    settings = small(bidirectional=True, epochs=4)
    model = training.build(toy, settings)
    training.fit(model, toy, settings)
    return model


def said_alike(model, first, second):
    """Two sentences whose nouns differ, both made to say the same French words."""
    reference = ["le", "chat", "rouge"]
    return translation.translate(model, [first, second], [reference, reference])


CAR, CAT = ["the", "red", "car"], ["the", "red", "cat"]
WORDS = ["le", "la", "chat", "<eos>"]


def probabilities_of(model, trace, step):
    """What the model itself says of WORDS after a step of a trace."""
    return [experiments.word_probability(model, trace, step, word) for word in WORDS]


@pytest.mark.parametrize("name", ["learnt", "two_way"])
def test_patching_nothing_changes_nothing_and_everything_gives_the_donor(name, request):
    model = request.getfixturevalue(name)
    trace, donor = said_alike(model, CAT, CAR)
    for step in range(len(trace.target)):
        own = probabilities_of(model, trace, step)
        theirs = probabilities_of(model, donor, step)
        assert own != pytest.approx(theirs, abs=1e-4), "or this test shows nothing"
        nothing = experiments.patch_step(model, trace, donor, step, WORDS)
        everything = experiments.patch_step(model, trace, donor, step, WORDS, (0, 1, 2), query=True)
        assert nothing == pytest.approx(own, abs=1e-5)
        assert everything == pytest.approx(theirs, abs=1e-5)


def test_a_state_that_is_equal_carries_nothing(learnt):
    """The one-way encoder has not read the noun at "the": that state cannot tell the sentences."""
    trace, donor = said_alike(learnt, CAT, CAR)
    own = probabilities_of(learnt, trace, 0)
    patched = experiments.patch_step(learnt, trace, donor, 0, WORDS, places=[0])
    assert patched == pytest.approx(own, abs=1e-5)


@pytest.mark.parametrize("places, query", [([2], False), ([], True), ([0, 2], True)])
def test_a_patched_step_is_that_of_torchs_cell(learnt, places, query):
    """Scores, softmax and sum written out here, and torch's own GRU cell, say the same."""
    trace, donor = said_alike(learnt, CAT, CAR)
    step = 1
    states = trace.states.clone()
    states[places] = donor.states[places]
    asked = (donor if query else trace).hidden[step]
    decoder, rule = learnt.decoder, learnt.decoder.context_rule
    with torch.no_grad():
        scores = rule.energy(torch.tanh(rule.key(states) + rule.query(asked))).squeeze(1)
        context = scores.softmax(dim=0) @ states
        before = decoder.embedding(torch.tensor(learnt.vocabs.target.stoi[trace.target[step - 1]]))
        cell_input = torch.cat([before, context]).unsqueeze(0)
        after = gru_cell(decoder, 16, 24)(cell_input, asked.unsqueeze(0))
        probabilities = decoder.output(after).softmax(dim=1)[0]
    ids = text.numbers(WORDS, learnt.vocabs.target)
    patched = experiments.patch_step(learnt, trace, donor, step, WORDS, places, query)
    assert patched == pytest.approx(probabilities[ids].tolist(), abs=1e-5)


def test_a_state_of_another_step_can_be_asked_with(learnt):
    """With the first query and the first word before, the second step says what the first said."""
    trace, _ = said_alike(learnt, CAT, CAR)
    again = trace._replace(target=[text.START, *trace.target[1:]])
    patched = experiments.patch_step(learnt, again, trace, 1, WORDS, query=True, donor_step=0)
    assert patched == pytest.approx(probabilities_of(learnt, trace, 0), abs=1e-5)


def test_what_cannot_be_patched_is_named(learnt):
    trace, donor = said_alike(learnt, CAT, ["the", "car"])
    with pytest.raises(ValueError, match="donor has 2 source words and the trace 3"):
        experiments.patch_step(learnt, trace, donor, 0, WORDS, places=[0])
    with pytest.raises(ValueError, match="place 3 is not in the source: give 0 to 2"):
        experiments.patch_step(learnt, trace, trace, 0, WORDS, places=[3])
    with pytest.raises(ValueError, match="donor_step 9 is not in the trace: give 0 to 3"):
        experiments.patch_step(learnt, trace, donor, 0, WORDS, query=True, donor_step=9)


def test_the_last_state_of_a_two_way_encoder_comes_from_both_ends(toy):
    """As the model itself says it: with a fixed context, where nothing else reaches the cell."""
    model = training.build(toy, small(rule="fixed", bidirectional=True))
    (trace,) = translation.translate(model, [CAT])
    for row in experiments.hide_states(model, [trace]).itertuples():
        assert row.kept == pytest.approx(trace.rivals[row.step][0][1], abs=1e-5)


def test_the_bytes_of_a_step_are_those_of_its_traces(toy, learnt):
    """Per sentence and step a row of scores and of weights, a context, a state; the states once."""
    table = experiments.step_cost(learnt, [3, 6], sentences=2, repeats=1)
    assert table.words.tolist() == [3, 3, 6, 6] and (table.milliseconds > 0).all()
    assert table.task.tolist() == ["translating", "training"] * 2
    size, floats = 24, 4
    translating = table[table.task == "translating"]
    for words, kilobytes in translating[["words", "kilobytes"]].itertuples(index=False):
        steps = words + 1
        numbers = steps * (2 * words + size) + words * size + (steps + 1) * size
        assert kilobytes == pytest.approx(2 * numbers * floats / 1e3 / steps)


def test_what_training_keeps_grows_with_the_source_only_under_attention(toy):
    """Additive attention keeps a vector for each source word at every step, dot a few numbers."""
    grown = {}
    for rule in ("fixed", "dot", "additive"):
        model = training.build(toy, small(rule=rule))
        table = experiments.step_cost(model, [10, 40], sentences=2, repeats=1)
        short, long = table[table.task == "training"].kilobytes
        grown[rule] = long - short
    # 30 more source words, the tanh of each: 24 floats, in 2 sentences
    assert grown["additive"] > 30 * 24 * 4 * 2 / 1e3
    assert grown["additive"] > 4 * grown["fixed"]
    assert grown["fixed"] < grown["dot"] < grown["additive"] / 4


def test_a_backward_pass_leaves_no_gradients_behind(learnt):
    experiments.training_bytes(learnt, [Pair(["the", "cat"], ["le", "chat"])])
    assert all(weights.grad is None for weights in learnt.parameters())


def test_the_probability_of_a_word_is_the_one_that_the_trace_kept(toy, learnt):
    """Said or not, each of a step's likeliest words; and a word never met counts as <unk>."""
    (trace,) = translation.translate(learnt, [["the", "red", "car"]])
    for step, rivals in enumerate(trace.rivals):
        for word, probability in rivals:
            found = experiments.word_probability(learnt, trace, step, word)
            assert found == pytest.approx(probability, abs=1e-6)
    unknown = experiments.word_probability(learnt, trace, 0, text.UNKNOWN)
    assert experiments.word_probability(learnt, trace, 0, "blorf") == unknown


def test_models_of_pieces_are_compared_on_words(toy):
    """The scores are those of the words that the pieces spell."""
    cutter = pieces.learn(toy.train, 60)
    settings = small(epochs=3)
    lengths, models = experiments.compare(toy, [settings], buckets=2, cutter=cutter)
    cut = cutter.cut_corpus(toy)
    model, _ = training.trained(cut, settings)
    found = translation.translate(model, [pair.source for pair in cut.test])
    whole = [pieces.merged(trace) for trace in found]
    assert models["bleu"].item() == pytest.approx(evaluation.bleu(whole, toy.test))
    longest = max(len(pair.source) for pair in toy.test)
    assert lengths["longest"].max() == longest, "lengths are counted in words"


def test_numbers_that_count_as_zero_while_costs_are_measured_count_again_after_it(toy):
    model = training.build(toy, training.Settings(rule="fixed", hidden_size=8, embedding_size=8))
    experiments.step_cost(model, [3], sentences=2, repeats=1)
    assert (torch.tensor([1e-30]) * 1e-10).item() > 0
