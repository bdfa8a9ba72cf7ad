"""The words on an invoice, in its language, else in English."""

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Labels:
    """One language's words; {braces} are filled in by the page."""

    invoice: str
    invoice_number: str
    invoice_date: str
    due_date: str
    period: str
    customer_number: str
    bill_to: str
    your_vat_id: str
    to_pay: str
    pay_until: str
    vat_number: str
    company_number: str
    charging: str
    sessions_one: str
    sessions_many: str
    when: str
    station: str
    energy: str
    price: str
    net: str
    see_annex: str
    rate: str
    taxable: str
    vat: str
    total_net: str
    total_vat: str
    total_gross: str
    vat_in_currency: str
    exempt: str
    reverse_charge: str
    outside_scope: str
    payment: str
    payment_terms: str
    payment_terms_no_account: str
    nothing_to_pay: str
    account_holder: str
    reference: str
    questions: str
    annex: str
    annex_of: str
    local_times: str
    page: str
    credit: str


_EN: Final = Labels(
    invoice="Invoice",
    invoice_number="Invoice number",
    invoice_date="Invoice date",
    due_date="Payment due",
    period="Period",
    customer_number="Customer number",
    bill_to="Bill to",
    your_vat_id="Your VAT number",
    to_pay="Amount due",
    pay_until="due {date}",
    vat_number="VAT number",
    company_number="Company number",
    charging="Charging sessions",
    sessions_one="1 charging session",
    sessions_many="{count} charging sessions",
    when="Start",
    station="Station",
    energy="kWh",
    price="Price per kWh",
    net="Net",
    see_annex="{sessions}, {energy} kWh (listed in the annex)",
    rate="VAT rate",
    taxable="Net amount",
    vat="VAT",
    total_net="Total excluding VAT",
    total_vat="VAT",
    total_gross="Total",
    vat_in_currency="VAT in {currency}: {amount} (1 {from_currency} = {rate} {currency}, {source}, "
    "{date})",
    exempt="exempt",
    reverse_charge="reverse charge",
    outside_scope="outside scope",
    payment="Payment",
    payment_terms="Please transfer {amount} by {date} to the account below, quoting {number}.",
    payment_terms_no_account="{amount} is payable by {date}, quoting {number}.",
    nothing_to_pay="Nothing is left to pay on this invoice.",
    account_holder="Account holder",
    reference="Reference",
    questions="Questions about this invoice?",
    annex="Annex: charging sessions",
    annex_of="to invoice {number}",
    local_times="Times are local to the station. Amounts are in {currency}, excluding VAT.",
    page="Page {page} of {pages}",
    credit="Credit: ",
)
_NL: Final = Labels(
    invoice="Factuur",
    invoice_number="Factuurnummer",
    invoice_date="Factuurdatum",
    due_date="Te betalen voor",
    period="Periode",
    customer_number="Klantnummer",
    bill_to="Factuur aan",
    your_vat_id="Uw btw-nummer",
    to_pay="Te betalen",
    pay_until="uiterlijk {date}",
    vat_number="Btw-nummer",
    company_number="KvK-nummer",
    charging="Laadsessies",
    sessions_one="1 laadsessie",
    sessions_many="{count} laadsessies",
    when="Start",
    station="Laadlocatie",
    energy="kWh",
    price="Prijs per kWh",
    net="Netto",
    see_annex="{sessions}, {energy} kWh (zie bijlage)",
    rate="Btw-tarief",
    taxable="Grondslag",
    vat="Btw",
    total_net="Totaal exclusief btw",
    total_vat="Btw",
    total_gross="Totaal",
    vat_in_currency="Btw in {currency}: {amount} (1 {from_currency} = {rate} {currency}, {source}, "
    "{date})",
    exempt="vrijgesteld",
    reverse_charge="btw verlegd",
    outside_scope="buiten btw",
    payment="Betaling",
    payment_terms="Maak {amount} uiterlijk {date} over op onderstaande rekening onder vermelding "
    "van {number}.",
    payment_terms_no_account="{amount} te betalen uiterlijk {date} onder vermelding van {number}.",
    nothing_to_pay="Voor deze factuur hoeft u niets te betalen.",
    account_holder="Rekeninghouder",
    reference="Kenmerk",
    questions="Vragen over deze factuur?",
    annex="Bijlage: laadsessies",
    annex_of="bij factuur {number}",
    local_times="Tijden zijn de plaatselijke tijd van het laadpunt. Bedragen in {currency}, "
    "exclusief btw.",
    page="Pagina {page} van {pages}",
    credit="Credit: ",
)
_DE: Final = Labels(
    invoice="Rechnung",
    invoice_number="Rechnungsnummer",
    invoice_date="Rechnungsdatum",
    due_date="Zahlbar bis",
    period="Leistungszeitraum",
    customer_number="Kundennummer",
    bill_to="Rechnung an",
    your_vat_id="Ihre USt-IdNr.",
    to_pay="Zu zahlen",
    pay_until="bis {date}",
    vat_number="USt-IdNr.",
    company_number="Registernummer",
    charging="Ladevorgänge",
    sessions_one="1 Ladevorgang",
    sessions_many="{count} Ladevorgänge",
    when="Beginn",
    station="Ladestation",
    energy="kWh",
    price="Preis je kWh",
    net="Netto",
    see_annex="{sessions}, {energy} kWh (siehe Anlage)",
    rate="Steuersatz",
    taxable="Nettobetrag",
    vat="USt",
    total_net="Summe netto",
    total_vat="Umsatzsteuer",
    total_gross="Gesamtbetrag",
    vat_in_currency="USt in {currency}: {amount} (1 {from_currency} = {rate} {currency}, {source}, "
    "{date})",
    exempt="steuerfrei",
    reverse_charge="Reverse Charge",
    outside_scope="nicht steuerbar",
    payment="Zahlung",
    payment_terms="Bitte überweisen Sie {amount} bis zum {date} auf das unten genannte Konto, "
    "Verwendungszweck {number}.",
    payment_terms_no_account="{amount} zahlbar bis zum {date}, Verwendungszweck {number}.",
    nothing_to_pay="Für diese Rechnung ist nichts zu zahlen.",
    account_holder="Kontoinhaber",
    reference="Verwendungszweck",
    questions="Fragen zu dieser Rechnung?",
    annex="Anlage: Ladevorgänge",
    annex_of="zur Rechnung {number}",
    local_times="Zeiten in Ortszeit der Ladestation. Beträge in {currency}, ohne Umsatzsteuer.",
    page="Seite {page} von {pages}",
    credit="Gutschrift: ",
)
_FR: Final = Labels(
    invoice="Facture",
    invoice_number="Numéro de facture",
    invoice_date="Date de facture",
    due_date="À payer avant le",
    period="Période",
    customer_number="Numéro de client",
    bill_to="Facturé à",
    your_vat_id="Votre numéro de TVA",
    to_pay="À payer",
    pay_until="avant le {date}",
    vat_number="Numéro de TVA",
    company_number="Numéro d'entreprise",
    charging="Sessions de recharge",
    sessions_one="1 session de recharge",
    sessions_many="{count} sessions de recharge",
    when="Début",
    station="Station",
    energy="kWh",
    price="Prix par kWh",
    net="Net HT",
    see_annex="{sessions}, {energy} kWh (voir annexe)",
    rate="Taux de TVA",
    taxable="Base HT",
    vat="TVA",
    total_net="Total HT",
    total_vat="TVA",
    total_gross="Total TTC",
    vat_in_currency="TVA en {currency} : {amount} (1 {from_currency} = {rate} {currency}, "
    "{source}, {date})",
    exempt="exonéré",
    reverse_charge="autoliquidation",
    outside_scope="hors champ",
    payment="Paiement",
    payment_terms="Merci de virer {amount} avant le {date} sur le compte ci-dessous, en indiquant "
    "{number}.",
    payment_terms_no_account="{amount} à payer avant le {date}, en indiquant {number}.",
    nothing_to_pay="Rien ne reste à payer sur cette facture.",
    account_holder="Titulaire du compte",
    reference="Référence",
    questions="Des questions sur cette facture ?",
    annex="Annexe : sessions de recharge",
    annex_of="à la facture {number}",
    local_times="Heures locales de la station. Montants en {currency}, hors TVA.",
    page="Page {page} sur {pages}",
    credit="Avoir : ",
)

_LANGUAGES: Final = {"en": _EN, "nl": _NL, "de": _DE, "fr": _FR}
LANGUAGES: Final = tuple(_LANGUAGES)
WORDS: Final = tuple(word.name for word in fields(Labels))


def labels_of(language: str) -> Labels:
    """The words of a language (ISO 639-1, also de-AT)."""
    return _LANGUAGES.get(language.lower()[:2], _EN)


def language_of(language: str) -> str:
    """The language that is printed."""
    code = language.lower()[:2]
    return code if code in _LANGUAGES else "en"
