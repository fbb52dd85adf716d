"""Recipes of the command line: which network, which settings, and how the weights are chosen."""
from typing import Any, NamedTuple, cast

from torch.optim.swa_utils import AveragedModel

from helpers import course, distributed, rich, text, training
from helpers.corpus import Corpus
from helpers.distributed import Losses
from helpers.model import Seq2Seq
from helpers.rich import RichSeq2Seq
from helpers.text import Batch, Vocabularies
from helpers.training import Run, Settings


class MeanRun(Run):
    """A training that keeps the mean of its weights over the second half of all steps.

    Late in training the weights walk about around a good place; their mean is nearer to it (Polyak
    and Juditsky 1992; Izmailov et al. 2018, arXiv:1803.05407). torch's AveragedModel computes it.
    """

    def __init__(self, model: Seq2Seq, settings: Settings, steps: int) -> None:
        super().__init__(model, settings, steps)
        self.first_step = steps // 2
        self.mean = AveragedModel(model)
        self.optimizer.register_step_post_hook(self.note)

    def note(self, *_: Any) -> None:
        """After a step of the optimizer."""
        if self.steps >= self.first_step:
            self.mean.update_parameters(self.model)

    def judged(self) -> Seq2Seq:
        """The model that is measured after an epoch: the mean, as soon as there is one."""
        if self.mean.n_averaged == 0:
            return self.model
        return cast(Seq2Seq, self.mean.module)

    def state(self) -> dict[str, Any]:
        """As `Run.state`."""
        return super().state() | {"mean": self.mean.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """As `Run.restore`."""
        super().restore(state)
        self.mean.load_state_dict(state["mean"])


class RichRun(MeanRun):
    """Such a training of a RichSeq2Seq, which has a quicker way to its loss on the CPU."""

    @staticmethod
    def loss_of(model: Seq2Seq, batch: Batch, label_smoothing: float) -> Losses:
        if model.device.type == "cpu":
            return rich.batch_loss(model, batch, label_smoothing)
        return training.batch_loss(model, batch, label_smoothing)


class Recipe(NamedTuple):
    """A kind of network, the settings that it is made for, and how it is trained."""
    is_rich: bool
    settings: Settings
    run: type[Run]

    def network(self, vocabs: Vocabularies, settings: Settings) -> Seq2Seq:
        """A network for these vocabularies; its weights are random."""
        if self.is_rich:
            return RichSeq2Seq(vocabs, settings.rule, settings.embedding_size,
                               settings.hidden_size, settings.dropout)
        return Seq2Seq(vocabs, settings.rule, settings.embedding_size, settings.hidden_size,
                       settings.bidirectional, settings.dropout)

    def build(self, corpus: Corpus, settings: Settings) -> Seq2Seq:
        """An untrained model for a corpus; of the plain recipe the same as `training.build`."""
        training.check_settings(corpus, settings)
        vocabs = text.vocabularies(corpus.train, settings.min_count)
        course.seed(settings.seed)
        model = self.network(vocabs, settings)
        distributed.draw_apart(settings.seed)
        return model


RECIPES = {
    # The network of the notebooks, with the settings of notebook 08.
    "plain": Recipe(False, Settings(
        hidden_size=256, embedding_size=256, bidirectional=True, dropout=0.1, epochs=4,
        batch_size=64, learning_rate=0.015, weight_decay=0.3, label_smoothing=0.1,
        embedding_decay=0.3, warm_up=0.1), Run),
    # To stand beside published figures: longer, and with what helpers/rich.py adds.
    "rich": Recipe(True, Settings(
        hidden_size=256, embedding_size=200, bidirectional=True, dropout=0.3, epochs=24,
        batch_size=64, learning_rate=2e-3, weight_decay=0.05, label_smoothing=0.1,
        embedding_decay=0.05, warm_up=0.1), RichRun),
}
