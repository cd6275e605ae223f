"""Run by `test_real_files` in an environment with the real libraries: writes their files."""

import os
import pickle
import sys
import warnings
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import pandas as pd
import scipy.sparse
import torch
import xgboost
from sklearn import (
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    gaussian_process,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
)

warnings.simplefilter("ignore")


class Net(torch.nn.Module):
    """A module of the script's own."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)
        self.layer = torch.nn.TransformerEncoderLayer(4, 2, 8)
        self.norm = torch.nn.BatchNorm1d(3)
        self.activation = torch.nn.functional.relu


def torch_files() -> None:
    """State dicts old and new, a whole training state, whole modules, TorchScript."""
    model = Net()
    optimiser = torch.optim.AdamW(model.parameters())
    (model.layer(torch.rand(2, 3, 4)).sum() + model.linear(torch.rand(2, 4)).sum()).backward()
    optimiser.step()
    torch.save(model.state_dict(), "state_dict.pt")
    torch.save(model.state_dict(), "state_dict_legacy.pt", _use_new_zipfile_serialization=False)
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "random": torch.get_rng_state(),
        "numpy": np.random.get_state(),  # noqa: NPY002 - what training scripts save
        "dtype": torch.float16,
        "device": torch.device("cuda", 0),
        "size": torch.Size([1, 2]),
        "sparse": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8),
        "bfloat": torch.rand(3).bfloat16(),
        "float8": torch.rand(4).to(torch.float8_e4m3fn),
        "complex": torch.rand(2).to(torch.complex64),
        "parameter": torch.nn.Parameter(torch.rand(2)),
        "meta": torch.empty(3, device="meta"),
        "view": torch.rand(4, 4)[:, 1],
        "nested": torch.nested.nested_tensor([torch.rand(2), torch.rand(3)]),
    }
    torch.save(state, "training.pt")
    torch.save(model, "whole.pt")
    torch.save(model, "whole_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(optimiser, "optimiser.pt")
    Path("state_dict.pkl").write_bytes(pickle.dumps(model.state_dict()))
    small = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    torch.jit.script(small).save("script.pt")


def estimators() -> None:
    """Estimators of scikit-learn, XGBoost and LightGBM, by pickle and joblib."""
    inputs = np.random.default_rng(0).random((60, 4))
    labels = (inputs[:, 0] > inputs[:, 1]).astype(int)
    made = {
        "pipeline": pipeline.make_pipeline(
            preprocessing.StandardScaler(), linear_model.LogisticRegression()
        ),
        "log": pipeline.make_pipeline(
            preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge()
        ),
        "forest": ensemble.RandomForestClassifier(5),
        "boosting": ensemble.HistGradientBoostingClassifier(max_iter=5),
        "gradient": ensemble.GradientBoostingClassifier(n_estimators=5),
        "svc": svm.SVC(),
        "neighbours": neighbors.KNeighborsClassifier(algorithm="kd_tree"),
        "means": cluster.KMeans(2, n_init=1),
        "sgd": linear_model.SGDClassifier(),
        "bayes": naive_bayes.GaussianNB(),
        "perceptron": neural_network.MLPClassifier(max_iter=5),
        "components": decomposition.PCA(2),
        "search": model_selection.GridSearchCV(linear_model.LogisticRegression(), {"C": [1, 2]}),
        "process": gaussian_process.GaussianProcessClassifier(),
        "xgboost": xgboost.XGBClassifier(n_estimators=3),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1),
    }
    for number, (file, model) in enumerate(made.items()):
        model.fit(inputs, labels)
        joblib.dump(model, f"{file}.joblib")
        joblib.dump(model, f"{file}.joblib.gz", compress=("gzip", 3))
        Path(f"{file}.pkl").write_bytes(pickle.dumps(model, number % 5 + 1))
    words = feature_extraction.text.TfidfVectorizer().fit(["a cat sat", "the dog ran"])
    for method in ("zlib", "xz", "bz2", "lzma"):
        joblib.dump(words, f"words.{method}", compress=(method, 3))


def tables() -> None:
    """Arrays and tables."""
    inputs = np.random.default_rng(0).random((60, 4))
    frame = pd.DataFrame({"a": [1, 2.5], "b": ["x", "y"], "c": pd.to_datetime(["2020", "2021"])})
    frame.to_pickle("frame.pkl")
    columns = compose.ColumnTransformer([("one", preprocessing.OneHotEncoder(), ["b"])]).fit(frame)
    joblib.dump(columns, "columns.joblib")
    arrays = {
        "x": inputs,
        "objects": np.array([1, "a", None], dtype=object),
        "text": np.array(["aa", "b"]),
        "record": np.zeros(3, dtype=[("a", "f4"), ("b", "i8")]),
        "fortran": np.asfortranarray(inputs),
        "dates": np.array(["2020"], dtype="M8[D]"),
    }
    joblib.dump(arrays, "arrays.joblib")
    np.savez(Path("arrays.npz"), x=inputs)
    np.save(Path("array.npy"), inputs)
    np.save(Path("objects.npy"), arrays["objects"])
    Path("sparse.pkl").write_bytes(pickle.dumps(scipy.sparse.csr_matrix(inputs)))
    joblib.dump(scipy.sparse.csr_array(inputs), "sparse.joblib")


os.chdir(sys.argv[1])
torch_files()
estimators()
tables()
