"""A data scientist's script: a scikit-learn pipeline logged to MLflow by the documented signature.

It knows nothing of this program. Arguments: tracking URI, name of the registered model, CSV file with the columns text
and code, and "ranked" for ranked lists besides. Prints the version.
"""

import sys

import mlflow
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


class Coder(mlflow.pyfunc.PythonModel):
    def __init__(self, pipeline, *, ranked):
        self.pipeline = pipeline
        self.ranked = ranked

    def predict(self, context, model_input, params=None):
        probabilities = self.pipeline.predict_proba(model_input["text"])
        order = np.argsort(-probabilities, axis=1)[:, :3]
        best = np.take_along_axis(probabilities, order, axis=1)
        codes = self.pipeline.classes_[order]
        answer = pd.DataFrame(
            {
                "code": codes[:, 0],
                "probability": best[:, 0],
                "margin": best[:, 0] - best[:, 1],
                "codable": model_input["text"].str.strip() != "",
            }
        )
        if self.ranked:
            answer = answer.assign(codes=codes.tolist(), probabilities=best.tolist())
        return answer


def main(tracking_uri, name, path, ranked):
    mlflow.set_tracking_uri(tracking_uri)
    rows = pd.read_csv(path, dtype=str)
    pipeline = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), LogisticRegression(C=30))
    pipeline.fit(rows["text"], rows["code"])
    model = Coder(pipeline, ranked=ranked)
    example = rows[["text"]].head(3)
    signature = mlflow.models.infer_signature(example, model.predict(None, example))
    info = mlflow.pyfunc.log_model(
        name="model", python_model=model, signature=signature, registered_model_name=name, pip_requirements=[]
    )
    sys.stdout.write(f"{info.registered_model_version}\n")


if __name__ == "__main__":
    main(*sys.argv[1:4], ranked=sys.argv[4] == "ranked")
