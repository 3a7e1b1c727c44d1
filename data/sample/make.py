"""Make the files of this folder anew: ``python data/sample/make.py`` with hotspots installed."""

from pathlib import Path

from hotspots.sample import write_sample

if __name__ == "__main__":
    print(write_sample(Path(__file__).parent))
