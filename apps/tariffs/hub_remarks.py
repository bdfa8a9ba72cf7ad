"""What the Gireve hub says of a CDR's cost in front of its remark.

GIREVE_Tech_OCPI_V2.1.1, emsp_cdrs, "Add billing information in Remark field".
"""


def is_cost_by_hub(remark: str) -> bool:
    """The hub's clearing computed the cost, not the operator."""
    return remark.lstrip().startswith("[*]")


def is_cost_insignificant(remark: str) -> bool:
    """The operator sent no cost and nobody computed one: what stands there means nothing."""
    return remark.lstrip().startswith("[?]")


def remark_meaning(remark: str) -> str:
    """For people; "" without a prefix."""
    if is_cost_by_hub(remark):
        return "The hub computed the cost."
    if is_cost_insignificant(remark):
        return "The cost is not significant: the operator sent none."
    return ""
