"""A short generated notice, and a question that it answers.

Levels: 1 a fact stated about the person asked for, two people in the notice; 2 four people;
3 four people, asked the other way round (who is in that room?); 4 two facts joined (Ravi helps
Ana; on which day does Ravi help?). Nobody can know the answers without reading: people,
rooms and days come from the seed. An answer may be a sentence; naming a second day, room or
person beside the right one is not an answer.

Source: the synthetic documents of RULER (Hsieh et al., arXiv:2404.06654) and the two-fact
questions of bAbI (Weston et al., arXiv:1502.05698), at the length that a small model on a
processor can afford.
"""

from random import Random

from steelyard.audit.items import Generator, Item
from steelyard.audit.probes.performance.ladder import Ladder, card
from steelyard.audit.probes.performance.word_problems import NAMES

LEVELS = 4
SUBJECTS = ("music", "history", "chess", "pottery", "biology", "drawing", "cooking", "poetry")
ROOMS = ("library", "gym", "kitchen", "hall", "garden", "studio")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def item(rng: Random, level: int) -> Item:
    """A notice and a question of this level."""
    people = 2 if level == 1 else 4
    names = rng.sample(NAMES, people + 1)
    subjects, days = rng.sample(SUBJECTS, people), rng.sample(DAYS, people)
    rooms = rng.sample(ROOMS, people)
    lines = [
        f"{names[at]} teaches {subjects[at]} in the {rooms[at]} on {days[at]}."
        for at in range(people)
    ]
    asked = rng.randrange(people)
    name, helper = names[asked], names[people]
    lines += [f"{helper} helps {name}."] if level == 4 else []  # noqa: PLR2004 (levels, see above)
    direct = [
        (f"On which day does {name} teach?", days),
        (f"What does {name} teach?", subjects),
        (f"In which room does {name} teach?", rooms),
    ]
    turned = [
        (f"Who teaches in the {rooms[asked]}?", names),
        (f"Who teaches {subjects[asked]}?", names),
        (f"Who teaches on {days[asked]}?", names),
    ]
    helped = [
        (f"On which day does {helper} help?", days),
        (f"In which room does {helper} help?", rooms),
    ]
    question, answers = rng.choice((direct, direct, turned, helped)[level - 1])
    return Item(
        question=f"{' '.join(lines)}\n\n{question}",
        answer=answers[asked],
        rivals=tuple(answer for answer in answers[:people] if answer != answers[asked]),
        reading="mention",
        level=level,
        tokens=24,
    )


NOTICE = "Sam teaches dance in the office on Monday. Tess teaches Latin in the tower on Friday."
SHOTS = (
    (f"{NOTICE}\n\nWho teaches Latin?", "Tess teaches Latin."),
    (f"{NOTICE}\n\nOn which day does Sam teach?", "Sam teaches on Monday."),
    (f"{NOTICE}\n\nIn which room does Tess teach?", "Tess teaches in the tower."),
)
GENERATOR = Generator(make=item, levels=LEVELS, shots=SHOTS)


class Reading(Ladder):
    """Notices of four levels."""

    card = card(
        "reading", "Reading a notice", "Hsieh et al. 2024, arXiv:2404.06654; arXiv:1502.05698"
    )
    generator = GENERATOR
