"""Every file that the versions of a training set need, from its metadata down to its data."""

from __future__ import annotations

from pyiceberg.table import StaticTable

from annotation.errors import NotFoundError
from sync.storage import Storage
from sync.trainingset.catalog import S3FileIO


def addresses(metadata_location: str, storage: Storage) -> list[str]:
    """URLs of the table's metadata file, its manifests and the Parquet files of all versions, sorted.

    Raises NotFoundError for a file of the metadata that is gone.
    """
    properties = storage.iceberg_properties()
    if storage.scheme == "s3":
        properties["py-io-impl"] = f"{S3FileIO.__module__}.{S3FileIO.__name__}"
    try:
        return sorted(_reachable(StaticTable.from_metadata(metadata_location, properties)))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"A file that the training set's metadata {metadata_location} names is gone: {error}.",
            cure="See: awb trainingset verify. Without the training set's files: --no-storage.",
        ) from error


def _reachable(table: StaticTable) -> set[str]:
    found = {table.metadata_location}
    for snapshot in table.snapshots():
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                found.update(entry.data_file.file_path for entry in entries)
    return found
