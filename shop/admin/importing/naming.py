"""What the variants of a product would be called after an import: each by a name of its own."""

from collections import Counter

from shop.admin.importing.plans import ProductPlan, VariantPlan
from shop.catalog.editing import LONGEST_LABEL
from shop.catalog.naming import label_of

VALUES = ("value_1", "value_2", "value_3")


def name_variants(group: ProductPlan) -> None:
    """Give each variant of the file its label, and note where one lacks a value or bears another's name."""
    if not _options_in_order(group):
        return
    for one in group.variants:
        _name(one, group.options)
    planned = {one.sku for one in group.variants}
    others = [variant for variant in (group.product.variants if group.product else []) if variant.sku not in planned]
    first = group.variants[0].line
    for variant in others:
        values = [getattr(variant, name) for name in VALUES]
        if variant.active and any(option and not value for option, value in zip(group.options, values, strict=True)):
            words = f"{variant.sku} of this product has no value for it. Add its row to the file"
            first.problems.append(("Option 1", words))
    sold = [one for one in group.variants if one.final("active")]
    labels = Counter(str(one.final("label")) for one in sold)
    labels.update(variant.label for variant in others if variant.active)
    if sum(labels.values()) == 1:
        return
    column = "Value 1" if any(group.options) else "Label"
    for one in sold:
        label = str(one.final("label"))
        if not label:
            words = "It is empty. Of several variants each needs a name, like Large"
        elif labels[label] > 1:
            words = f"Another variant of this product is “{label}” too. Buyers could not tell them apart"
        else:
            continue
        if not one.line.problems:
            one.line.problems.append((column, words))


def _options_in_order(group: ProductPlan) -> bool:
    """Note an option that is named while the one before it is not."""
    for number in (2, 3):
        if group.options[number - 1] and not group.options[number - 2]:
            words = f"Name Option {number - 1} first"
            group.variants[0].line.problems.append((f"Option {number}", words))
            return False
    return True


def _name(one: VariantPlan, options: tuple[str, str, str]) -> None:
    values = [str(one.final(name)) for name in VALUES]
    for number, (option, value) in enumerate(zip(options, values, strict=True), 1):
        if option and not value:
            one.line.problems.append((f"Value {number}", f"It is empty. Write the {option}"))
        if value and not option and f"value_{number}" in one.values:
            one.line.problems.append(
                (f"Value {number}", f"The product has no Option {number}. Name it, or leave this empty")
            )
    if any(options) and "label" in one.values:
        one.line.problems.append(("Label", "It follows from the values. Leave it empty"))
    label = label_of([value for option, value in zip(options, values, strict=True) if option])
    if not any(options):
        label = str(one.final("label"))
    if len(label) > LONGEST_LABEL:
        words = f"The values together have {len(label)} characters. Write {LONGEST_LABEL} or fewer"
        one.line.problems.append(("Value 1", words))
    elif label != (one.variant.label if one.variant else None):
        one.values["label"] = label
