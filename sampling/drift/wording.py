"""The words of the drift page, by language; each language has the same keys."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = {
    "en": {
        "title": "Has the flow changed?",
        "windows": "{current} declarations from {start} to {end}, against {reference} from {before} to {until}."
        " Model {model}.",
        "left_out": "Texts not scored yet by {model}: {texts}. Codes and confidence are compared without them, and what"
        " they show may be due to that.",
        "alarm": "Yes. More than chance has moved: {kinds}.",
        "calm": "No. Nothing moved beyond what chance explains.",
        "alarm_note": "If nothing had changed, an alarm of any kind would ring in at most {level} of such comparisons.",
        "kind": "What was compared",
        "state": "Verdict",
        "figure": "In one figure",
        "p": "p-value",
        "moved": "moved",
        "unmoved": "calm",
        "nothing": "nothing to compare",
        "text": "texts",
        "codes": "predicted codes",
        "variables": "auxiliary variables",
        "confidence": "the model's confidence",
        "concept": "coders' codes against the model's",
        "text_figure": "{area} of pairs of texts told apart (50 % by chance); unknown words {before} → {after}",
        "codes_figure": "divergence {value} bits ({chance} by chance at most)",
        "variables_figure": "{name}: divergence {value} bits ({chance} by chance at most)",
        "confidence_figure": "expected accuracy {before} → {after} ({low} to {high})",
        "concept_figure": "on {labels} labels, right {mean} more often than said ({low} to {high})",
        "none": "none",
        "before": "before",
        "after": "now",
        "after_outside": "now, beyond chance",
        "after_inside": "now, within chance",
        "band": "where chance leaves all codes (95 %)",
        "plot_codes": "Predicted codes that moved most",
        "plot_words": "Words whose share of the texts moved",
        "plot_terms": "Words and pairs of words that tell the windows apart",
        "plot_variables": "Values of auxiliary variables that moved",
        "plot_margins": "Distribution of the model's margin (confidence index)",
        "plot_concept": "Evidence that the model is less right than it says",
        "margin": "margin between the two first codes",
        "labels_in_order": "labels of the audits, in the order of the draws",
        "evidence": "evidence (times)",
        "rings": "rings here",
        "h_codes": "Predicted codes",
        "h_text": "Texts",
        "h_variables": "Auxiliary variables",
        "h_confidence": "The model's confidence",
        "h_concept": "Has the meaning changed?",
        "h_texts": "The texts that drift most",
        "h_method": "How this was computed",
        "level": "Level",
        "codes_n": "Codes",
        "divergence": "Divergence (bits)",
        "stability": "Stability index",
        "by_chance": "by chance (95 %)",
        "levels_note": "With hundreds of codes these figures are large by chance alone: each stands beside what"
        " it stays below in 95 % of the cases when nothing drifts.",
        "unknown": "Words unknown to the model: {before} before, {after} now. Length: {length_before} words before,"
        " {length_after} now.",
        "expected": "Expected without any label: {before} right before, {after} now (difference between {low} and"
        " {high}).",
        "no_concept": "No label of an audit yet: what texts mean cannot be watched without coders.",
        "swaps": "Codes that seem to have exchanged their meaning: {pairs}.",
        "no_words": "No single word moved enough to be shown.",
        "no_values": "No value moved enough to be shown.",
        "score": "Score",
        "declared": "Text",
        "code": "Predicted code",
        "times": "Times",
        "why": "Why",
        "no_texts": "No text shows a sign of drift.",
        "method": (
            "Declarations of one wording may arrive together (a shop sends the same line thirty times): {together} of"
            " the repeats here do, and chance is dealt out accordingly, wording by wording, {replicates} times.",
            "Texts: share of unknown words, length, a classifier that tries to tell the windows apart on wordings it"
            " has not seen (Lopez-Paz and Oquab 2017), and Fisher's test by word. Codes and variables: Jensen-Shannon"
            " divergence, stability index, and Fisher's test by value. Confidence: Kolmogorov-Smirnov distance of the"
            " margins, and the mean calibrated confidence.",
            "Many values: false discovery rate of {fdr} (Benjamini and Hochberg 1995); values are shown from a move of"
            " {difference} and {count} texts on. Kinds together: Holm (1979).",
            "Coders against model: a bet that may be looked at after each label and rings falsely in at most {level} of"
            " the campaigns (Waudby-Smith and Ramdas 2024); miscalibration up to {tolerance} is put up with.",
            "Score of a text: the part of the texts with its strongest sign that the sign's rise has brought, and half"
            " as much for the wording as a whole.",
        ),
    },
    "fr": {
        "title": "Le flux a-t-il changé ?",
        "windows": "{current} déclarations du {start} au {end}, comparées à {reference} du {before} au {until}."
        " Modèle {model}.",
        "left_out": "Textes que {model} n'a pas encore codés : {texts}. Les codes et la confiance sont comparés sans"
        " eux, et les écarts peuvent en venir.",
        "alarm": "Oui. Des changements dépassent le hasard : {kinds}.",
        "calm": "Non. Rien n'a bougé au-delà de ce que le hasard explique.",
        "alarm_note": "Si rien n'avait changé, une alerte sonnerait dans {level} au plus de ces comparaisons.",
        "kind": "Ce qui est comparé",
        "state": "Verdict",
        "figure": "En un chiffre",
        "p": "valeur p",
        "moved": "a bougé",
        "unmoved": "calme",
        "nothing": "rien à comparer",
        "text": "les textes",
        "codes": "les codes prédits",
        "variables": "les variables auxiliaires",
        "confidence": "la confiance du modèle",
        "concept": "les codes des gestionnaires face à ceux du modèle",
        "text_figure": "{area} des paires de textes distinguées (50 % par hasard) ; mots inconnus {before} → {after}",
        "codes_figure": "divergence de {value} bit (par hasard, {chance} au plus)",
        "variables_figure": "{name} : divergence de {value} bit (par hasard, {chance} au plus)",
        "confidence_figure": "exactitude attendue {before} → {after} ({low} à {high})",
        "concept_figure": "sur {labels} étiquettes, {mean} de bons codes de plus qu'annoncé ({low} à {high})",
        "none": "aucun",
        "before": "avant",
        "after": "à présent",
        "after_outside": "à présent, au-delà du hasard",
        "after_inside": "à présent, dans le hasard",
        "band": "où le hasard les laisse tous (95 %)",
        "plot_codes": "Codes prédits qui ont le plus bougé",
        "plot_words": "Mots dont la part dans les textes a bougé",
        "plot_terms": "Mots et paires de mots qui distinguent les deux périodes",
        "plot_variables": "Valeurs des variables auxiliaires qui ont bougé",
        "plot_margins": "Distribution de la marge du modèle (indice de confiance)",
        "plot_concept": "Indices que le modèle a moins souvent raison qu'il ne le dit",
        "margin": "marge entre les deux premiers codes",
        "labels_in_order": "étiquettes des contrôles, dans l'ordre des tirages",
        "evidence": "indices (fois)",
        "rings": "alerte ici",
        "h_codes": "Codes prédits",
        "h_text": "Textes",
        "h_variables": "Variables auxiliaires",
        "h_confidence": "Confiance du modèle",
        "h_concept": "Le sens a-t-il changé ?",
        "h_texts": "Les textes qui dérivent le plus",
        "h_method": "Comment ces chiffres sont calculés",
        "level": "Niveau",
        "codes_n": "Codes",
        "divergence": "Divergence (bits)",
        "stability": "Indice de stabilité",
        "by_chance": "par hasard (95 %)",
        "levels_note": "Avec des centaines de codes, ces chiffres sont grands par le seul hasard : chacun est placé à"
        " côté de la valeur qu'il ne dépasse pas dans 95 % des cas quand rien ne change.",
        "unknown": "Mots inconnus du modèle : {before} avant, {after} à présent. Longueur : {length_before} mots avant,"
        " {length_after} à présent.",
        "expected": "Attendu sans aucune étiquette : {before} de bons codes avant, {after} à présent (différence entre"
        " {low} et {high}).",
        "no_concept": "Pas encore d'étiquette de contrôle : sans gestionnaires, le sens ne peut être surveillé.",
        "swaps": "Codes qui semblent avoir échangé leur sens : {pairs}.",
        "no_words": "Aucun mot n'a assez bougé pour être montré.",
        "no_values": "Aucune valeur n'a assez bougé pour être montrée.",
        "score": "Score",
        "declared": "Texte",
        "code": "Code prédit",
        "times": "Fois",
        "why": "Pourquoi",
        "no_texts": "Aucun texte ne porte de signe de dérive.",
        "method": (
            "Les déclarations d'un même libellé peuvent arriver ensemble (un magasin envoie trente fois une ligne) :"
            " c'est ici le cas de {together} des répétitions, et le hasard est simulé en conséquence, libellé par"
            " libellé, {replicates} fois.",
            "Textes : part de mots inconnus, longueur, un classifieur qui tente de distinguer les périodes sur des"
            " libellés qu'il n'a pas vus (Lopez-Paz et Oquab 2017), et test de Fisher par mot. Codes et variables :"
            " divergence de Jensen-Shannon, indice de stabilité et test de Fisher par valeur. Confiance : distance de"
            " Kolmogorov-Smirnov entre les marges, et confiance calibrée moyenne.",
            "Valeurs nombreuses : taux de fausses découvertes de {fdr} (Benjamini et Hochberg 1995) ; une valeur est"
            " montrée à partir d'un écart de {difference} et de {count} textes. Familles entre elles : Holm (1979).",
            "Gestionnaires et modèle : un pari que l'on peut relire après chaque étiquette et qui ne sonne à tort que"
            " dans {level} des campagnes au plus (Waudby-Smith et Ramdas 2024) ; un défaut de calibration de"
            " {tolerance} est toléré.",
            "Score d'un texte : la part, parmi les textes qui portent son signe le plus fort, que la hausse de ce signe"
            " a amenée, et la moitié autant pour le libellé dans son ensemble.",
        ),
    },
}
