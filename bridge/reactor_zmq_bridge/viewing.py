"""What one browser looks at: ``$view`` and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from reactor_zmq_bridge.choice import NAMES, Circumstances, choose_codec
from reactor_zmq_bridge.codecs.encoder import Recipe
from reactor_zmq_bridge.errors import BridgeError
from reactor_zmq_bridge.flow_words import Follow
from reactor_zmq_bridge.record import Codec
from reactor_zmq_bridge.tracks import Track
from reactor_zmq_bridge.viewer import Showing, Viewer
from reactor_zmq_bridge.words import View, Window

# Audio is not thrown away for something newer as long as it is no more than this.
_AUDIO_QUEUE = 32
_WORDS = {codec: name for name, codec in NAMES.items() if name != "tensor"}

Push = Callable[[str, dict[str, object]], None]


@dataclass(slots=True)
class Viewing:
    """Chooses how tracks are shown, and steps down when a browser can't show one.

    Attributes:
        viewer: Shows them.
        push: Tells the browser something.
        loopback: Whether the browser is on this machine.
        here: Codecs that can be encoded here.
        quality: Of JPEGs.
        view: The newest ``$view``.
    """

    viewer: Viewer
    push: Push
    loopback: bool
    here: Collection[Codec]
    quality: int
    view: View = field(default_factory=lambda: View(tracks={}))
    _failed: dict[int, set[Codec]] = field(default_factory=dict[int, set[Codec]])

    def begin(self, view: View, tracks: Mapping[str, Track]) -> dict[str, str]:
        """Show what ``view`` asks for and nothing else; return the codec of each track.

        Raises:
            BridgeError: There is no such track, or nothing can show it; all is as before.
        """
        shown = [self._showing(view, self._find(name, tracks)) for name in view.tracks]
        self.view = view
        keep = {each.track.index for each in shown}
        for index in tuple(self.viewer.showing):
            if index not in keep:
                self.viewer.hide(index)
        for showing in shown:
            self.viewer.show(showing)
        return {each.track.name: _WORDS[each.recipe.codec] for each in shown}

    def step_down(self, track: Track, codec: Codec, reason: str) -> None:
        """Show a track without this codec from here on, and tell the browser."""
        showing = self.viewer.showing.get(track.index)
        if showing is None or showing.recipe.codec is not codec:
            return
        self._failed.setdefault(track.index, set()).add(codec)
        try:
            lower = self._showing(self.view, track)
        except BridgeError as error:
            self.viewer.hide(track.index)
            self.push("$error", {"code": error.code, "message": error.text, "recoverable": False})
            return
        self.viewer.show(lower)
        word = _WORDS[lower.recipe.codec]
        self.push("$codec", {"track": track.name, "codec": word, "reason": reason})

    def _find(self, name: str, tracks: Mapping[str, Track]) -> Track:
        track = tracks.get(name)
        if track is None:
            known = ", ".join(tracks) or "none"
            text = f"there is no output track {name!r}; there is: {known}"
            raise BridgeError("invalid_data", text, f"tracks.{name}")
        return track

    def _showing(self, view: View, track: Track) -> Showing:
        given = Circumstances(
            loopback=self.loopback,
            stream=view.transport == "stream",
            listed=view.codecs,
            failed=self._failed.get(track.index, ()),
            here=self.here,
        )
        codec = choose_codec(track.kind, given)
        if codec is None:
            text = f"no codec is left that shows {track.name!r}"
            raise BridgeError("no_codec", text, f"tracks.{track.name}")
        wanted = view.tracks[track.name]
        recipe = Recipe(codec, wanted.max_width, self.quality)
        return Showing(track, recipe, _rule(track, codec, view.window))


def _rule(track: Track, codec: Codec, window: Window) -> Follow:
    if codec is Codec.PCM_S16:
        return Follow(track.index, window.audio, _AUDIO_QUEUE)
    return Follow(track.index, window.h264 if codec is Codec.H264 else window.still)
