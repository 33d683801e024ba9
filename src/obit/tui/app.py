"""`obit view`: threads and frames on the left, what the chosen frame shows on the right."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, OptionList, Static, TabbedContent, TabPane, Tree

from obit.snapshot.model import Fault, Frame, Thread
from obit.snapshot.names import kind_text, program_name
from obit.snapshot.stacks import Entry, Shown, blamed, entries
from obit.tui import panes


class Viewer(App[None]):
    """Looks around in one fault. Reads nothing but the document that it is given."""

    TITLE = "obit"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "viewer.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("t", "focus_on('#threads')", "Threads"),
        Binding("f", "focus_on('#frames')", "Frames"),
        Binding("v", "tab('variables')", "Variables"),
        Binding("r", "tab('registers')", "Registers"),
        Binding("d", "tab('disassembly')", "Disassembly"),
        Binding("w", "tab('why')", "Why"),
        Binding("c", "crashed", "Crashed frame"),
        Binding("x", "expand", "Expand all"),
        Binding("j", "cursor(1)", "Down", show=False),
        Binding("k", "cursor(-1)", "Up", show=False),
    ]

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault
        crashed = fault.crashed_thread
        self.threads: list[Thread] = ([crashed] if crashed else []) + [thread for thread in fault.threads if thread is not crashed]
        self.thread: Thread | None = None
        self.frame: Frame | None = None
        self._entries: list[Entry] = []

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield Static(panes.headline(program_name(self.fault), kind_text(self.fault), self.fault), id="headline")
        with Horizontal():
            with Vertical(id="left"):
                yield OptionList(*map(panes.thread_line, self.threads), id="threads")
                yield OptionList(id="frames")
            with Vertical(id="right"):
                yield Static(id="source")
                with TabbedContent(initial="variables", id="tabs"):
                    with TabPane("Variables", id="variables"):
                        yield Tree("", id="tree")
                    with TabPane("Registers", id="registers"):
                        yield Static(id="registers-text")
                    with TabPane("Disassembly", id="disassembly"):
                        yield Static(id="disassembly-text")
                    with TabPane("Why", id="why"):
                        yield Static(panes.why(self.fault), id="why-text")
        yield Footer()

    def on_mount(self) -> None:
        """Start at the frame that matters."""
        self.query_one("#threads").border_title = f"Threads ({len(self.threads)})"
        self.query_one("#frames").border_title = "Frames"
        tree: Tree[None] = self.query_one(Tree)
        tree.show_root = False
        if self.threads:
            self.show_thread(self.threads[0])
        self.query_one("#frames").focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Follow the cursor."""
        if event.option_list.id == "threads" and self.threads[event.option_index] is not self.thread:
            self.show_thread(self.threads[event.option_index])
        elif event.option_list.id == "frames" and event.option_index < len(self._entries):
            entry = self._entries[event.option_index]
            if isinstance(entry, Shown) and entry.frame is not self.frame:
                self.show_frame(entry.frame)

    def show_thread(self, thread: Thread) -> None:
        """Put a thread's frames into the list, the one that matters under the cursor."""
        self.thread = thread
        self._entries = list(entries(thread))
        frames = self.query_one("#frames", OptionList)
        frames.clear_options()
        frames.add_options(map(panes.entry_line, self._entries))
        first = blamed(self.fault, thread.frames) if thread.crashed else 0
        self.query_one("#registers-text", Static).update(panes.registers(thread))
        self._go_to(first)

    def _go_to(self, number: int) -> None:
        frames = self.query_one("#frames", OptionList)
        for index, entry in enumerate(self._entries):
            if isinstance(entry, Shown) and entry.number >= number:
                frames.highlighted = index
                self.show_frame(entry.frame)
                return
        self.frame = None
        self.query_one("#source", Static).update("No frames.")
        self.query_one(Tree).clear()

    def show_frame(self, frame: Frame) -> None:
        """Show a frame's source, variables and code."""
        self.frame = frame
        self.query_one("#source", Static).update(panes.source(frame))
        self.query_one("#disassembly-text", Static).update(panes.disassembly(frame))
        tree: Tree[None] = self.query_one(Tree)
        tree.clear()
        panes.fill(tree.root, frame.variables, self.fault.globals)
        tree.root.expand()

    def action_focus_on(self, selector: str) -> None:
        """Move the keyboard to a list."""
        self.query_one(selector).focus()

    def action_tab(self, name: str) -> None:
        """Open a tab, and move the keyboard to its tree when it has one."""
        self.query_one(TabbedContent).active = name
        if name == "variables":
            self.query_one(Tree).focus()

    def action_crashed(self) -> None:
        """Back to the frame that matters."""
        if self.threads:
            self.query_one("#threads", OptionList).highlighted = 0
            self.show_thread(self.threads[0])
            self.query_one("#frames").focus()

    def action_expand(self) -> None:
        """Open every variable of the frame."""
        self.query_one(Tree).root.expand_all()

    def action_cursor(self, step: int) -> None:
        """One line up or down in whatever has the keyboard."""
        focused = self.focused
        if isinstance(focused, OptionList | Tree):
            (focused.action_cursor_down if step > 0 else focused.action_cursor_up)()
