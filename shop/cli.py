"""The flask commands: seed | stock | orders | images | keys | worker | sandbox | doctor | backup | restore."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from shop.backup import MEDIA, Archive, ArchiveError, back_up
from shop.backup import restore as restore_from
from shop.catalog.models import Product, Variant
from shop.catalog.stock import HeldByOrders, set_stock
from shop.config import Settings
from shop.core.clock import nairobi, utcnow
from shop.core.database import ShopCommand, ShopGroup, db, write
from shop.core.money import shillings
from shop.orders.expiry import expire_orders
from shop.orders.models import OrderLine
from shop.privacy.anonymise import anonymise_old_orders

stock_commands = ShopGroup("stock", help="Stock of each SKU.")
order_commands = ShopGroup("orders", help="All orders.")
image_commands = ShopGroup("images", help="Uploaded images.")
key_commands = ShopGroup("keys", help="Data encrypted with SECRET_KEY.")


def init_commands(app: Flask) -> None:
    """Register the commands."""
    groups = (stock_commands, order_commands, image_commands, key_commands)
    for command in (seed, sandbox, worker, doctor, backup, restore, *groups):
        app.cli.add_command(command)


@click.command(cls=ShopCommand)
@click.option("--demo", is_flag=True, help="Also fill an https shop, which has real buyers.")
@with_appcontext
def seed(demo: bool) -> None:
    """Add the demo products, delivery areas and discount codes. Safe to repeat.

    The codes are switched off unless the shop uses the sandbox.
    """
    from shop.demo_data import seed_shop

    settings: Settings = current_app.config["SETTINGS"]
    if settings.production and not demo:
        raise click.ClickException("This shop has real buyers. To sell demo products in it, run: seed --demo")
    click.echo(f"{write(lambda: seed_shop(live_codes=settings.sandbox))} products added.")
    if not settings.sandbox:
        click.echo("The demo's discount codes are switched off because they are public.")


@stock_commands.command("list")
def stock_list() -> None:
    """Print each SKU, on hand, held and product slug, separated by tabs."""
    query = select(Variant.sku, Variant.on_hand, Variant.held, Product.slug).join(Product).order_by(Variant.sku)
    for row in db.session.execute(query):
        click.echo("\t".join(str(value) for value in row))


@stock_commands.command("set")
@click.argument("sku")
@click.argument("quantity", type=click.IntRange(0, 1_000_000))
def stock_set(sku: str, quantity: int) -> None:
    """Set the stock on hand of a SKU. Refused below what unpaid orders hold."""
    try:
        write(lambda: set_stock(sku, quantity, "Stock count"))
    except KeyError:
        raise click.ClickException(f"There is no SKU {sku}. See: flask --app wsgi stock list") from None
    except HeldByOrders as error:
        words = f"{error.held} of {sku} are held for unpaid orders; it cannot be set below {error.held}."
        raise click.ClickException(words) from None
    click.echo(f"{sku}: {quantity} on hand.")


@order_commands.command("expire")
def orders_expire() -> None:
    """Expire unpaid orders that are due, and release their stock. The worker does it every few seconds."""
    click.echo(f"{expire_orders(utcnow())} orders expired.")


@order_commands.command("anonymise")
def orders_anonymise() -> None:
    """Anonymise the buyers of orders older than RETENTION_MONTHS. The worker does it every hour."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.retention_months:
        raise click.ClickException("RETENTION_MONTHS is 0, so no buyer is anonymised.")
    click.echo(f"{anonymise_old_orders(settings.retention_months, utcnow())} buyers anonymised.")


@image_commands.command("sweep")
def images_sweep() -> None:
    """Delete image files that nothing shows any more. The worker does it every hour."""
    from shop.catalog.images.uploads import sweep_images

    click.echo(f"{sweep_images(OrderLine.image)} images deleted.")


@key_commands.command("reencrypt")
def keys_reencrypt() -> None:
    """Re-encrypt with SECRET_KEY what needs a key of SECRET_KEY_FALLBACKS. Run it before you remove that key."""
    from shop.key_rotation import key_problem, reencrypt

    click.echo(f"Re-encrypted: {write(reencrypt)}.")
    if problem := key_problem():
        raise click.ClickException(problem)


@click.command(cls=ShopCommand)
@with_appcontext
def worker() -> None:
    """Send email, expire unpaid orders and settle spooled callbacks, until stopped."""
    from shop.worker import run_worker

    run_worker(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command(cls=ShopCommand)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(1, 65535))
@click.option("--late-seconds", default=15.0, show_default=True, help="Delay of a late callback.")
@with_appcontext
def sandbox(port: int, late_seconds: float) -> None:
    """Run Chpter's sandbox on this machine. Set CHPTER_URL to its address; no money moves."""
    from shop.chpter.sandbox import SandboxRefused, create_sandbox, serve

    settings: Settings = current_app.config["SETTINGS"]
    try:
        app = create_sandbox(
            token=settings.chpter_token or "sandbox-token", shop_origin=settings.shop_url, late_seconds=late_seconds
        )
    except SandboxRefused as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"Sandbox on http://127.0.0.1:{port}", err=True)
    serve(app, "127.0.0.1", port)


@click.command(cls=ShopCommand)
@with_appcontext
def doctor() -> None:
    """Check settings, database, disk, email and worker, and say what is wrong and how to fix it."""
    from shop.doctor import findings

    found = list(findings(current_app.config["SETTINGS"]))
    for finding in found:
        click.echo(str(finding))
    if any(finding.problem for finding in found):
        raise SystemExit(1)


@click.command(cls=ShopCommand)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write the whole shop into one file, and verify it. The shop stays open."""
    if not file.absolute().parent.is_dir():
        raise click.ClickException(f"The folder {file.absolute().parent} does not exist; create it first.")
    click.echo(_report("Backed up", lambda media: back_up(file, media)))


@click.command(cls=ShopCommand)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Fill an empty, upgraded database from a backup, and compare it row by row before committing."""
    click.echo(_report("Restored", lambda media: restore_from(file, media)))


def _report(done: str, run: Callable[[Path], Archive]) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    try:
        archive = run(settings.instance_path / MEDIA)
    except ArchiveError as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as problem:
        raise click.ClickException(f"{problem.filename or 'The file'}: {problem.strerror or problem}.") from None
    return (
        f"{done}: {archive.orders} orders of {shillings(archive.total)} in all, {archive.rows} rows, "
        f"{archive.files} images, as of {nairobi(datetime.fromisoformat(archive.taken_at))}."
    )
