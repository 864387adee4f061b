"""Where the forward pass runs. Batches go in, NumPy arrays come out; nobody above sees a tensor."""

from importlib.util import find_spec

from catalog.checkpoint import ModelFolder, build_model
from catalog.runtime.answers import Answers, Runtime
from catalog.runtime.onnx import OnnxRuntime
from catalog.runtime.pytorch import TorchRuntime

__all__ = ["Answers", "OnnxRuntime", "Runtime", "TorchRuntime", "open_runtime"]


def open_runtime(model: ModelFolder, device: str = "cpu") -> Runtime:
    """ONNX Runtime where the folder has graphs for it and a CPU is to do the work, else PyTorch.

    Raises InvalidConfig when the device is missing, InvalidCheckpoint when the weights do not fit.
    """
    if device == "cpu" and model.exported and find_spec("onnxruntime"):
        return OnnxRuntime(model)
    return TorchRuntime(build_model(model), device)
