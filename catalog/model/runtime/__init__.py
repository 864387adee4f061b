"""Where the forward pass runs. Batches go in, NumPy arrays come out; nobody above sees a tensor."""

from importlib.util import find_spec

from catalog.errors import ConfigInvalid, installing
from catalog.model.folder import ModelFolder
from catalog.model.runtime.outputs import Answer, ModelOutputs, Runtime
from catalog.model.runtime.threads import set_thread_budget

__all__ = ["Answer", "ModelOutputs", "Runtime", "open_runtime", "set_thread_budget"]


def open_runtime(model: ModelFolder, device: str = "cpu", cache_bytes: int = 0, compiled: bool = False) -> Runtime:
    """ONNX Runtime where the folder has graphs for it and a CPU is to do the work, else PyTorch.

    Only the one that is taken is imported. cache_bytes: see OnnxRuntime; PyTorch keeps nothing. compiled: see
    TorchRuntime; ONNX Runtime needs no compiling. Raises ConfigInvalid when the device is missing, CheckpointInvalid
    when the weights do not fit.
    """
    if device == "cpu" and model.exported and find_spec("onnxruntime"):
        from catalog.model.runtime.onnx import OnnxRuntime

        return OnnxRuntime(model, cache_bytes)
    try:
        from catalog.model.runtime.pytorch import TorchRuntime
    except ModuleNotFoundError as error:
        why = "A GPU needs PyTorch" if device != "cpu" else "A model folder without graphs needs PyTorch"
        raise ConfigInvalid(f"{why}: {error.name} is not installed. {installing('train')}") from None

    return TorchRuntime.load(model, device, compiled)
