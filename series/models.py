"""Makes the models that come with the course."""
from collections.abc import Iterable

from helpers import corpus, shipped, training
from series.runner import Stopped


def models(rules: Iterable[str] = ()) -> None:
    """Write the models of these rules into data/models/, or all three without a rule.

    A model that this protocol has trained already, in build/models/, is not trained again. A rule
    without a model that comes with the course raises Stopped.
    """
    by_rule = {settings.rule: settings for settings in shipped.SETTINGS}
    wanted = list(rules) or list(by_rule)
    for rule in wanted:
        if rule not in by_rule:
            raise Stopped(f"No model of the rule {rule!r} comes with the course. "
                          f"There are: {', '.join(by_rule)}.")
    data = corpus.load(shipped.CORPUS)
    for rule in wanted:
        settings = by_rule[rule]
        model, history = training.trained(data, settings)
        shipped.write(model, history, data, settings)
        path = shipped.weights_path(settings)
        print(f"{path} ({path.stat().st_size / 1e6:.2f} MB)")
