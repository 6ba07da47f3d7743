"""The peer of `images`: a bare diffusers loop over the same pipeline folder.

Reads one JSON list of jobs per line from stdin, draws them one by one, and answers with the
wall time after each picture and the SHA-256 of its RGB pixels.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time


def main(folder: str, threads: int) -> None:
    """Load the pipeline, say so, and draw until stdin ends."""
    import torch
    from diffusers import DiffusionPipeline

    import generation.emblems.pipeline  # noqa: F401 - lets diffusers find the class

    torch.set_num_threads(threads)
    pipe = DiffusionPipeline.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    pipe.set_progress_bar_config(disable=True)

    def draw(job: dict) -> str:
        image = pipe(
            prompt=[job["prompt"]],
            num_inference_steps=job["steps"],
            guidance_scale=job["guidance"],
            width=job["width"],
            height=job["height"],
            generator=[torch.Generator("cpu").manual_seed(job["seed"])],
        ).images[0]
        return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()

    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        ends, pixels = [], []
        for job in json.loads(line):
            pixels.append(draw(job))
            ends.append(time.time())
        print(json.dumps({"ends": ends, "pixels": pixels}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
