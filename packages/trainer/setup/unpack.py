"""Takes TensorFlow's C library, its headers and NVIDIA's libraries out of wheels: unpack.py WHEELS_FOLDER TARGET_FOLDER."""
import pathlib
import shutil
import sys
import zipfile

# Headers that tfjs-node's C++ includes, directly and indirectly.
HEADERS = ('tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tsl/platform/ctstring', 'xla/tsl/c/')


def place(name):
    """Path of a wheel's member under the target folder; None if it is not needed."""
    if name in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'):
        return 'lib/' + name.split('/')[1]
    if name.startswith('tensorflow/include/') and name.endswith('.h'):
        header = name[len('tensorflow/include/'):]
        return 'include/' + header if header.startswith(HEADERS) else None
    if name.startswith('nvidia/') and '/include/' not in name and not name.endswith(('.py', '.a', '/')):
        return name                # the library's RUNPATH looks in ../nvidia/*/lib
    return None


def main(wheels, target):
    for wheel in sorted(pathlib.Path(wheels).glob('*.whl')):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                where = place(member.filename)
                if where is None:
                    continue
                path = pathlib.Path(target, where)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, open(path, 'wb') as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                if '/bin/' in where:
                    path.chmod(0o755)


main(*sys.argv[1:])
