"""Words that say nothing of an activity, by language.

A list that a registered model was trained with is never edited, for the model only names it: add another name. Left out
on purpose, because declarations come in capitals without accents: mais (maïs), son (prise de son), été, sans and pas
(they turn the meaning), it (information technology), can (tins), not, no.
"""

from __future__ import annotations

_FRENCH = """
    à ai aie aient aies ait as au aura aurai auraient aurais aurait auras aurez auriez aurions aurons auront aux avaient
    avais avait avec avez aviez avions avons ayant ayez ayons ce ceci cela celle celles celui ces cet cette ceux chaque
    comme d dans de des donc dont du elle elles en es est et étaient étais était étant êtes être eu eue eues eurent eus
    eut eux il ils j je l la le les leur leurs lui m ma me même mes moi mon n ne nos notre nous on ont ou où par pour qu
    que quel quelle quelles quels qui s sa se sera serai seraient serait seront ses si soi soient soit sommes sont sous
    suis sur t ta te tes toi ton tous tout toute toutes tu un une vos votre vous y
"""

_ENGLISH = """
    a about all also am an and any are as at be been being both but by could did do does doing each for from had has
    have having he her here hers him his how i if in into is its itself just me more most my nor of on only or other our
    ours out over own same she should so some such than that the their theirs them then there these they this those
    through to too under until up very was we were what when where which while who whom why will with would you your
    yours
"""

LISTS = {"french": frozenset(_FRENCH.split()), "english": frozenset(_ENGLISH.split())}
