"""/setplan and the workspace's menu: its plan by hand, its allowances, the plan that it asks for (R23, R24)."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from billing.errors import GoneError, PlanOverLimitError, SubscriptionRunsError
from billing.plans import changing
from billing.plans.changing import Allowance
from billing.plans.granting import MOST_GRANTED
from billing.text import clean
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.prompts import ask, question_screen
from handlers.partner.routing import opens
from handlers.partner.set_plan_view import (
    allowances_view,
    choice_view,
    override_over_view,
    preview_view,
    requests_view,
    set_news,
)
from handlers.partner.typed import READING_ERRORS, count
from handlers.partner.workspaces import current_card, sample, workspace_number
from handlers.partner.wrong import why
from handlers.questions import Answers
from handlers.screens import Screen, button, show
from handlers.services import Services
from handlers.tongue import Tongue, h


class AskOverride(StatesGroup):
    """What a workspace should have of a limit."""

    value = State()


def router() -> Router:
    router = Router(name="partner.set_plan")
    router.message.register(on_setplan, Command("setplan"))
    router.callback_query.register(opens(_choice), buttons.WorkspacePlan.filter())
    router.callback_query.register(opens(_preview), buttons.PreviewPlan.filter())
    router.callback_query.register(opens(_set), buttons.SetPlan.filter())
    router.callback_query.register(opens(_requests), buttons.PlanRequests.filter())
    router.callback_query.register(opens(_decline), buttons.DeclinePlan.filter())
    router.callback_query.register(opens(_allowances), buttons.Allowances.filter())
    router.callback_query.register(on_type_override, buttons.TypeOverride.filter())
    router.message.register(on_override_typed, Answers(AskOverride.value))
    router.callback_query.register(opens(_set_override), buttons.SetOverride.filter())
    router.callback_query.register(opens(_clear_override), buttons.ClearOverride.filter())
    return router


async def on_setplan(
    message: Message, command: CommandObject, bot: Bot, services: Services, speaker: Speaker
) -> None:
    """/setplan ID plan: sets it, or says first what wants a second tap."""
    number, _, wanted = (command.args or "").strip().partition(" ")
    try:
        workspace_id = workspace_number(number)
        choice = await services.db.read(changing.choice, speaker.person_id, workspace_id)
    except GoneError:
        await show(bot, message, await _usage(services, speaker))
        return
    plan_id = _meant(choice, wanted)
    if not wanted.strip():
        screen = choice_view(speaker.t, choice)
    elif plan_id is None:
        said = speaker.t("There is no plan {typed}.", typed=h(clean(wanted)))
        screen = choice_view(speaker.t, choice, said)
    else:
        screen = await _set(services, speaker, buttons.SetPlan(id=workspace_id, plan_id=plan_id))
    await show(bot, message, screen)


def _meant(choice: changing.PlanChoice, typed: str) -> int | None:
    """The plan of a name, or of the one that begins so."""
    wanted = clean(typed).casefold()
    exact = [plan_id for plan_id, name in choice.plans if name.casefold() == wanted]
    begins = [plan_id for plan_id, name in choice.plans if wanted and name.casefold().startswith(wanted)]
    found = exact or begins
    return found[0] if len(found) == 1 else None


async def _usage(services: Services, speaker: Speaker) -> Screen:
    t = speaker.t
    number, name = await sample(services, speaker)
    return Screen.of(
        t("Puts a workspace on a plan at once."),
        t("<code>/setplan {number} Business Lite</code> does it for {name}.", number=number, name=h(name)),
        t("<code>/setplan {number}</code> shows what there is.", number=number),
        rows=[[button(t("Workspaces"), buttons.Workspaces())], [button(t("‹ Desk"), buttons.Desk())]],
    )


async def _choice(services: Services, speaker: Speaker, tap: buttons.WorkspacePlan) -> Screen:
    return await choice_screen(services, speaker, tap.id)


async def choice_screen(
    services: Services, speaker: Speaker, workspace_id: int, news: str | None = None
) -> Screen:
    """The plans to put a workspace on. Raises GoneError."""
    await current_card(services, speaker, workspace_id)
    choice = await services.db.read(changing.choice, speaker.person_id, workspace_id)
    return choice_view(speaker.t, choice, news)


async def _preview(services: Services, speaker: Speaker, tap: buttons.PreviewPlan) -> Screen:
    await current_card(services, speaker, tap.id)
    return await _previewed(services, speaker, tap.id, tap.plan_id)


async def _previewed(services: Services, speaker: Speaker, workspace_id: int, plan_id: int) -> Screen:
    choice, name, fits = await services.db.read(
        changing.preview, speaker.person_id, workspace_id, plan_id or None
    )
    return preview_view(speaker.t, choice, plan_id, name, fits)


async def _set(services: Services, speaker: Speaker, tap: buttons.SetPlan) -> Screen:
    """Refused for a limit or a subscription, the preview says which, with the button that does it all the same."""
    try:
        done = await services.db.write(
            changing.set_plan, speaker.call, tap.id, tap.plan_id or None, over=tap.over, after=tap.after
        )
    except (PlanOverLimitError, SubscriptionRunsError):
        return await _previewed(services, speaker, tap.id, tap.plan_id)
    services.wake()
    await services.tell_host()
    return await choice_screen(services, speaker, tap.id, set_news(speaker.t, done))


async def _requests(services: Services, speaker: Speaker, _: buttons.PlanRequests) -> Screen:
    return requests_view(speaker.t, await services.db.read(changing.requests, speaker.person_id))


async def _decline(services: Services, speaker: Speaker, tap: buttons.DeclinePlan) -> Screen:
    name = await services.db.write(changing.decline_request, speaker.call, tap.id)
    services.wake()
    news = speaker.t("Declined: {plan}. The customer is told.", plan=h(name)) if name is not None else None
    return requests_view(speaker.t, await services.db.read(changing.requests, speaker.person_id), news)


async def _allowances(services: Services, speaker: Speaker, tap: buttons.Allowances) -> Screen:
    await current_card(services, speaker, tap.id)
    return await allowances_screen(services, speaker, tap.id)


async def allowances_screen(
    services: Services, speaker: Speaker, workspace_id: int, news: str | None = None
) -> Screen:
    """What a workspace may use, and whence. Raises GoneError."""
    name, found = await services.db.read(changing.allowances, speaker.person_id, workspace_id)
    return allowances_view(speaker.t, workspace_id, name, found, news)


async def on_type_override(
    query: CallbackQuery,
    callback_data: buttons.TypeOverride,
    bot: Bot,
    services: Services,
    speaker: Speaker,
    state: FSMContext,
) -> None:
    tap = callback_data
    name, found = await services.db.read(changing.allowances, speaker.person_id, tap.id)
    limit = _limit(found, tap.code)
    await ask(services, speaker, state, AskOverride.value, workspace_id=tap.id, code=tap.code)
    await show(bot, query, _override_question(speaker.t, tap.id, name, limit))


def _limit(found: tuple[Allowance, ...], code: str) -> Allowance:
    limit = next((each for each in found if each.standing.code == code), None)
    if limit is None:
        raise GoneError
    return limit


def _override_question(
    t: Tongue, workspace_id: int, workspace: str, limit: Allowance, said: str | None = None
) -> Screen:
    return question_screen(
        t,
        f"<b>{h(workspace)}</b> · {h(limit.standing.label)}",
        t("The plan grants {plan}. How many should this workspace have instead?", plan=t.number(limit.plan)),
        t("Type a number, for example <code>{number}</code>. Add-ons come on top.", number=limit.plan or 10),
        back=buttons.Allowances(id=workspace_id),
        why=said,
    )


async def on_override_typed(
    message: Message, typed: str, bot: Bot, services: Services, speaker: Speaker, state: FSMContext
) -> None:
    data = await state.get_data()
    workspace_id, code = data["workspace_id"], data["code"]
    try:
        value = count(typed, speaker.t, most=MOST_GRANTED)
    except READING_ERRORS as error:
        name, found = await services.db.read(changing.allowances, speaker.person_id, workspace_id)
        said = why(error, speaker.t, "10")
        screen = _override_question(speaker.t, workspace_id, name, _limit(found, code), said)
    else:
        screen = await _overridden(services, speaker, workspace_id, code, value, over=False)
        await state.clear()
    await show(bot, message, screen)


async def _set_override(services: Services, speaker: Speaker, tap: buttons.SetOverride) -> Screen:
    return await _overridden(services, speaker, tap.id, tap.code, tap.value, over=tap.over)


async def _clear_override(services: Services, speaker: Speaker, tap: buttons.ClearOverride) -> Screen:
    return await _overridden(services, speaker, tap.id, tap.code, None, over=tap.over)


async def _overridden(
    services: Services, speaker: Speaker, workspace_id: int, code: str, value: int | None, *, over: bool
) -> Screen:
    try:
        await services.db.write(changing.set_override, speaker.call, workspace_id, code, value, over=over)
    except PlanOverLimitError as refusal:
        return override_over_view(speaker.t, workspace_id, code, value, refusal.over)
    services.wake()
    await services.tell_host()
    return await allowances_screen(services, speaker, workspace_id, speaker.t("Saved."))
