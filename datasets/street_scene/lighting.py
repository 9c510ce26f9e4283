"""Sky, sun, night and the camera, and how the picture is taken."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from typing import Any

from datasets.street_scene.blender import bpy
from datasets.street_scene.pinhole import Pinhole
from datasets.street_scene.schema import Scenario

_SUN_HEIGHT_DEG = {"day": 48.0, "overcast": 60.0, "dusk": 5.0}
_EXPOSURE = {"day": -1.5, "overcast": 0.2, "dusk": 0.2, "night": 1.2, "ir": -0.8}


def _background(strength: float) -> tuple[Any, Any]:
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    node = world.node_tree.nodes["Background"]
    node.inputs["Strength"].default_value = strength
    return world.node_tree, node


def plain_sky(colour: tuple[float, float, float], strength: float) -> None:
    """Light from everywhere, without a sun."""
    _, node = _background(strength)
    node.inputs["Color"].default_value = (*colour, 1.0)


def clear_sky(height_deg: float, turn_deg: float, strength: float = 0.35) -> None:
    """Nishita's single-scattering sky with its sun disc as a separate lamp."""
    tree, node = _background(strength)
    sky = tree.nodes.new("ShaderNodeTexSky")
    sky.sky_type = "NISHITA"
    sky.sun_disc = False
    sky.sun_elevation = math.radians(height_deg)
    sky.sun_rotation = math.radians(turn_deg)
    tree.links.new(sky.outputs["Color"], node.inputs["Color"])
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.angle = math.radians(1.0)
    lamp.energy = 14.0 if height_deg > 20 else 1.2
    lamp.color = (1.0, 0.95, 0.86) if height_deg > 20 else (1.0, 0.55, 0.3)
    thing = bpy.data.objects.new("sun", lamp)
    thing.rotation_euler = (math.radians(90 - height_deg), 0, math.radians(turn_deg))
    bpy.context.scene.collection.objects.link(thing)


def set_light(scenario: Scenario) -> None:
    """Light the scene and set the exposure that a camera would choose."""
    scene = bpy.context.scene
    light = (
        "overcast"
        if (scenario.weather, scenario.light) == ("rain", "day")
        else scenario.light
    )
    if light == "overcast":
        plain_sky((0.82, 0.9, 1.0), 0.9)
    elif light in ("night", "ir"):
        plain_sky((0.05, 0.07, 0.14), 0.12)
    else:
        clear_sky(_SUN_HEIGHT_DEG[light], scenario.sun_deg)
    if light == "ir":
        _infrared(scenario)
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = _EXPOSURE[light]


def shadows(scenario: Scenario) -> tuple[tuple[float, float], ...]:
    """Return how far shadows reach, metres in x and y per metre of height."""
    height_deg = _SUN_HEIGHT_DEG.get(scenario.light, 90.0)
    if scenario.light in ("day", "dusk") and scenario.weather == "dry":
        reach = min(4.0, 1 / math.tan(math.radians(height_deg)))
        turn = math.radians(scenario.sun_deg)
        return ((-reach * math.sin(turn), reach * math.cos(turn)),)
    soft = 0.5  # an overcast sky and many lamps darken the ground all around
    return ((soft, soft), (-soft, soft), (soft, -soft), (-soft, -soft))


def _infrared(scenario: Scenario) -> None:
    """Put the camera's own illuminator beside the lens."""
    lamp = bpy.data.lights.new("ir", "SPOT")
    lamp.energy, lamp.spot_size, lamp.spot_blend = 9000.0, math.radians(75), 0.6
    thing = bpy.data.objects.new("ir", lamp)
    bpy.context.scene.collection.objects.link(thing)
    view = scenario.view
    thing.location = (view.x, view.y, view.height_m + 0.3)
    aim(thing, Pinhole.from_view(view, scenario.width, scenario.height).forward)


def aim(thing: Any, forward: tuple[float, float, float]) -> None:
    """Turn a camera or lamp so that it looks along ``forward``, upright."""
    flat = math.hypot(forward[0], forward[1])
    thing.rotation_euler = (
        math.pi / 2 + math.atan2(forward[2], flat),
        0.0,
        math.atan2(-forward[0], forward[1]),
    )


def set_camera(scenario: Scenario) -> None:
    """Place the camera; the same pinhole as ``Pinhole.from_view``."""
    data = bpy.data.cameras.new("camera")
    data.sensor_width, data.sensor_fit = 36.0, "HORIZONTAL"
    data.lens, data.clip_end = scenario.view.focal_mm, 300.0
    thing = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = thing
    view = scenario.view
    thing.location = (view.x, view.y, view.height_m)
    aim(thing, Pinhole.from_view(view, scenario.width, scenario.height).forward)


def set_render(scenario: Scenario, threads: int) -> None:
    """Render at the scenario's size and quality."""
    scene = bpy.context.scene
    size = scenario.width, scenario.height
    path_trace(scene, size, scenario.samples, threads)
    scene.cycles.seed = scenario.seed


def path_trace(scene: Any, size: tuple[int, int], samples: int, threads: int) -> None:
    """Choose cheap path tracing: few samples, few bounces, denoised.

    Args:
        scene: Blender's.
        size: width and height, pixels.
        samples: rays per pixel.
        threads: processor threads.
    """
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.compression = 15
    cycles = scene.cycles
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_adaptive_sampling = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 1, 1
    cycles.transmission_bounces = cycles.transparent_max_bounces = 1
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
