"""Surfaces: paint, glass, asphalt, tiles, leaves, cloth."""

import numpy as np

from datasets.street_scene.blender import Material, bpy
from datasets.street_scene.schema import Colour


def any_colour(rng: np.random.Generator, low: float, high: float) -> Colour:
    """Return a colour whose channels lie in [low, high)."""
    r, g, b = (float(v) for v in rng.uniform(low, high, size=3))
    return (r, g, b)


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour made darker or lighter."""
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def surface(
    colour: Colour,
    *,
    rough: float = 0.6,
    metal: float = 0.0,
    coat: float = 0.0,
    glow: float = 0.0,
) -> Material:
    """Return an even surface.

    Args:
        colour: linear RGB, 0..1.
        rough: roughness, 0..1.
        metal: metallic share, 0..1.
        coat: clear coat, 0..1.
        glow: emission strength.
    """
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    node = material.node_tree.nodes["Principled BSDF"]
    node.inputs["Base Color"].default_value = (*colour, 1.0)
    node.inputs["Roughness"].default_value = rough
    node.inputs["Metallic"].default_value = metal
    node.inputs["Coat Weight"].default_value = coat
    if glow > 0:
        node.inputs["Emission Color"].default_value = (*colour, 1.0)
        node.inputs["Emission Strength"].default_value = glow
    return material


def paint(colour: Colour) -> Material:
    """Return car paint with a clear coat."""
    return surface(colour, rough=0.35, metal=0.25, coat=0.8)


def glass() -> Material:
    """Return dark window glass; opaque, because seeing through costs samples."""
    return surface((0.012, 0.015, 0.018), rough=0.06)


def speckled(
    dark: Colour,
    light: Colour,
    *,
    scale: float,
    rough: float = 0.85,
    wet: bool = False,
) -> Material:
    """Return a surface that varies coarsely and finely, such as asphalt.

    Args:
        dark: linear RGB of the dark places.
        light: linear RGB of the light places.
        scale: noise frequency, per metre.
        rough: roughness when dry.
        wet: puddles: patches become smooth and darker.
    """
    material = surface(dark, rough=rough)
    tree = material.node_tree
    node = tree.nodes["Principled BSDF"]
    place = tree.nodes.new("ShaderNodeTexCoord")
    fine = tree.nodes.new("ShaderNodeTexNoise")
    fine.inputs["Scale"].default_value = scale
    fine.inputs["Detail"].default_value = 8.0
    coarse = tree.nodes.new("ShaderNodeTexNoise")
    coarse.inputs["Scale"].default_value = 0.35
    coarse.inputs["Detail"].default_value = 4.0
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color = (*dark, 1.0)
    ramp.color_ramp.elements[1].color = (*light, 1.0)
    ramp.color_ramp.elements[0].position = 0.3
    ramp.color_ramp.elements[1].position = 0.7
    mix = tree.nodes.new("ShaderNodeMath")
    mix.operation = "ADD"
    half = tree.nodes.new("ShaderNodeMath")
    half.operation, half.inputs[1].default_value = "MULTIPLY", 0.5
    for source in (fine, coarse):
        tree.links.new(place.outputs["Object"], source.inputs["Vector"])
    tree.links.new(fine.outputs["Fac"], mix.inputs[0])
    tree.links.new(coarse.outputs["Fac"], mix.inputs[1])
    tree.links.new(mix.outputs[0], half.inputs[0])
    tree.links.new(half.outputs[0], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], node.inputs["Base Color"])
    if wet:
        shine = tree.nodes.new("ShaderNodeMapRange")
        shine.inputs["From Min"].default_value = 0.42
        shine.inputs["From Max"].default_value = 0.58
        shine.inputs["To Min"].default_value = 0.08
        shine.inputs["To Max"].default_value = 0.5
        tree.links.new(coarse.outputs["Fac"], shine.inputs["Value"])
        tree.links.new(shine.outputs["Result"], node.inputs["Roughness"])
    return material


def tiles(a: Colour, b: Colour, *, size_m: float, wet: bool = False) -> Material:
    """Return paving or wall tiles of two colours with darker joints."""
    material = surface(a, rough=0.35 if wet else 0.8)
    tree = material.node_tree
    node = tree.nodes["Principled BSDF"]
    place = tree.nodes.new("ShaderNodeTexCoord")
    brick = tree.nodes.new("ShaderNodeTexBrick")
    brick.inputs["Color1"].default_value = (*a, 1.0)
    brick.inputs["Color2"].default_value = (*b, 1.0)
    joint = shade(a, 0.55)
    brick.inputs["Mortar"].default_value = (*joint, 1.0)
    brick.inputs["Scale"].default_value = 1.0
    brick.inputs["Brick Width"].default_value = size_m
    brick.inputs["Row Height"].default_value = size_m / 2
    brick.inputs["Mortar Size"].default_value = size_m * 0.02
    tree.links.new(place.outputs["Object"], brick.inputs["Vector"])
    tree.links.new(brick.outputs["Color"], node.inputs["Base Color"])
    return material
