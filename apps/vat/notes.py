"""The legal notes that an invoice prints, in the invoice's language, else in English.

Reverse charge and self-billing are the words that Directive 2006/112/EC art. 226 points 11a and
10a prescribe, in each language's version of the directive.
"""

from typing import Final

REVERSE_CHARGE: Final = "reverse_charge"
SELF_BILLING: Final = "self_billing"
OUTSIDE_ART_38: Final = "outside_art_38"
OUTSIDE_EU_AREA: Final = "outside_eu_area"
OUTSIDE_SWISS: Final = "outside_swiss"
OUTSIDE_ART_44: Final = "outside_art_44"
OUTSIDE_ART_58: Final = "outside_art_58"
PAYMENT_STATEMENT: Final = "payment_statement"

NOTES: Final[dict[str, dict[str, str]]] = {
    REVERSE_CHARGE: {
        "en": "Reverse charge",
        "de": "Steuerschuldnerschaft des Leistungsempfängers",
        "nl": "Btw verlegd",
        "fr": "Autoliquidation",
        "es": "Inversión del sujeto pasivo",
        "it": "Inversione contabile",
        "pt": "Autoliquidação",
        "da": "Omvendt betalingspligt",
        "sv": "Omvänd betalningsskyldighet",
        "fi": "Käännetty verovelvollisuus",
        "pl": "Odwrotne obciążenie",
        "cs": "Daň odvede zákazník",
    },
    SELF_BILLING: {
        "en": "Self-billing",
        "de": "Gutschrift",
        "nl": "Factuur uitgereikt door afnemer",
        "fr": "Autofacturation",
        "es": "Facturación por el destinatario",
        "it": "Autofatturazione",
        "pt": "Autofaturação",
        "da": "Selvfakturering",
        "sv": "Självfakturering",
        "fi": "Itselaskutus",
        "pl": "Samofakturowanie",
        "cs": "Vystaveno zákazníkem",
    },
    OUTSIDE_ART_38: {
        "en": "Outside scope, art. 38 Directive 2006/112/EC",
        "de": "Nicht steuerbar, Art. 38 Richtlinie 2006/112/EG",
        "nl": "Buiten toepassingsgebied van de btw, art. 38 Richtlijn 2006/112/EG",
        "fr": "Hors champ d'application, art. 38 directive 2006/112/CE",
    },
    OUTSIDE_EU_AREA: {
        "en": "Outside scope, supplied outside the EU VAT area, art. 6 Directive 2006/112/EC",
        "de": "Nicht steuerbar, geliefert außerhalb des EU-Mehrwertsteuergebiets, "
        "Art. 6 Richtlinie 2006/112/EG",
        "nl": "Buiten toepassingsgebied van de btw, geleverd buiten het btw-gebied van de EU, "
        "art. 6 Richtlijn 2006/112/EG",
        "fr": "Hors champ d'application, livré hors du territoire TVA de l'UE, "
        "art. 6 directive 2006/112/CE",
    },
    OUTSIDE_SWISS: {
        "en": "Outside scope of Swiss VAT, art. 7(2) MWSTG",
        "de": "Nicht der Schweizer MWST unterliegend, Art. 7 Abs. 2 MWSTG",
        "nl": "Buiten toepassingsgebied van de Zwitserse btw, art. 7 lid 2 MWSTG",
        "fr": "Hors du champ de la TVA suisse, art. 7 al. 2 LTVA",
    },
    OUTSIDE_ART_44: {
        "en": "Outside scope, art. 44 Directive 2006/112/EC",
        "de": "Nicht steuerbar, Art. 44 Richtlinie 2006/112/EG",
        "nl": "Buiten toepassingsgebied van de btw, art. 44 Richtlijn 2006/112/EG",
        "fr": "Hors champ d'application, art. 44 directive 2006/112/CE",
    },
    OUTSIDE_ART_58: {
        "en": "Outside scope, art. 58 Directive 2006/112/EC",
        "de": "Nicht steuerbar, Art. 58 Richtlinie 2006/112/EG",
        "nl": "Buiten toepassingsgebied van de btw, art. 58 Richtlijn 2006/112/EG",
        "fr": "Hors champ d'application, art. 58 directive 2006/112/CE",
    },
    PAYMENT_STATEMENT: {
        "en": "Payment statement, no VAT invoice: the host is no taxable person",
        "de": "Zahlungsübersicht, keine Rechnung: der Betreiber ist kein Unternehmer",
        "nl": "Betalingsoverzicht, geen factuur: de houder is geen ondernemer",
        "fr": "Relevé de paiement, pas de facture : l'hôte n'est pas assujetti",
    },
}


def text(keys: tuple[str, ...], language: str = "en") -> str | None:
    """The notes in a language (ISO 639-1, also de-AT), joined; None where there are none."""
    if not keys:
        return None
    code = language.lower()[:2]
    return "; ".join(NOTES[key].get(code) or NOTES[key]["en"] for key in keys)
