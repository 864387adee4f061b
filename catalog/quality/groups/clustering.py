"""Groups of products from signed scores of pairs, by correlation clustering: greedy, with average links.

Two groups are joined only if the mean score between them is positive, so one wrong pair does not join them, as chaining
would (Bansal, Blum and Chawla, "Correlation Clustering", 2004).
"""

from collections.abc import Callable, Iterable, Sequence

SAMPLE = 6  # members of each group that a mean is taken over

Score = Callable[[str, str], float]


def cluster(ids: Iterable[str], edges: Iterable[tuple[float, str, str]], score: Score) -> list[list[str]]:
    """edges: pairs that may be of one group, with their scores. score: of any two. Groups and their members are in the
    order of the ids.
    """
    order = {one: n for n, one in enumerate(ids)}
    number_of = dict(order)
    members = {n: [one] for one, n in order.items()}
    tried: dict[tuple[int, int], int] = {}  # two groups -> their members together when they were not joined
    for _, one, other in sorted((edge for edge in edges if edge[0] > 0), key=lambda edge: (-edge[0], *edge[1:])):
        kept, gone = sorted((number_of[one], number_of[other]))
        size = len(members[kept]) + len(members[gone])
        if kept == gone or tried.get((kept, gone)) == size:
            continue
        if mean_score(members[kept], members[gone], score) > 0:
            joining = members.pop(gone)
            members[kept] += joining
            number_of.update(dict.fromkeys(joining, kept))
        else:
            tried[kept, gone] = size
    return [sorted(members[n], key=order.__getitem__) for n in sorted(members)]


def mean_score(left: Sequence[str], right: Sequence[str], score: Score) -> float:
    pairs = [(one, other) for one in left[:SAMPLE] for other in right[:SAMPLE]]
    return sum(score(one, other) for one, other in pairs) / len(pairs)


def core(group: Sequence[str], threshold: float, score: Score) -> list[str]:
    """The members all of whose pairs reach the threshold, from the pair that is surest on; fewer than two are none."""
    if len(group) > SAMPLE * SAMPLE:
        group = group[: SAMPLE * SAMPLE]
    pairs = [(score(a, b), a, b) for n, a in enumerate(group) for b in group[n + 1 :]]
    sure = max(pairs, default=(threshold - 1, "", ""))
    if sure[0] < threshold:
        return []
    found = [sure[1], sure[2]]
    for one in group:
        if one not in found and all(score(one, other) >= threshold for other in found):
            found.append(one)
    return sorted(found, key=group.index)
