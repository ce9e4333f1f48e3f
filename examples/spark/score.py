"""Scores a file of JSON lines with Apache Spark: every partition goes through a `sohu-match score` process of its own."""
import argparse, json, os, shlex, time
from pyspark import StorageLevel
from pyspark.sql import SparkSession

flags = argparse.ArgumentParser(description=__doc__)
flags.add_argument("--input", required=True, help='lines {"id", "a", "b", "task"}: a file, a folder, or what else Spark reads')
flags.add_argument("--output", required=True, help="a new folder: part files in the order of the ids")
flags.add_argument("--model", required=True, help="the model folder's path on every machine")
flags.add_argument("--partitions", type=int, default=8, help="at least this many")
flags = flags.parse_args()

spark = SparkSession.builder.appName("sohu-match").getOrCreate()
# Spark runs a task per core, so each process gets one thread. A pair scored alone has the same score, bit for bit, wherever it is scored.
command = f"sohu-match score --quiet --threads 1 --batch-tokens 1 --model {shlex.quote(flags.model)}"
env = {"PATH": os.environ["PATH"]}      # pipe() starts its processes with an empty environment
started = time.monotonic()
lines = spark.sparkContext.textFile(flags.input, flags.partitions)
# checkCode turns a process that dies into a failed task, which Spark retries; without it the lines it did not answer would be missing.
scores = lines.pipe(command, env, checkCode=True).persist(StorageLevel.DISK_ONLY)    # sorting reads them more than once
scores.sortBy(lambda line: json.loads(line)["id"]).saveAsTextFile(flags.output)
count, seconds = scores.count(), time.monotonic() - started
print(f"{count} lines in {seconds:.1f} s, {count / seconds:.1f} lines/s, {scores.getNumPartitions()} partitions")
spark.stop()
