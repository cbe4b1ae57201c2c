# LensMAE's dashboard in a container; the workspace is a volume, the user is nobody special.
#
#   docker build -t lensmae .
#   docker run --rm -p 8501:8501 -v lensmae:/workspace lensmae
#   docker run --rm -v lensmae:/workspace -v "$PWD":/images:ro lensmae lensmae predict /images/lens.fits --out /workspace/answers
#
# With NVIDIA's container toolkit, `--gpus all` gives it the GPUs.

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
RUN useradd --create-home --uid 1000 lensmae && install --directory --owner lensmae /workspace
COPY requirements.txt /tmp/
RUN pip install --no-cache-dir --requirement /tmp/requirements.txt
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels

USER lensmae
WORKDIR /home/lensmae
ENV LENSMAE_HOME=/workspace
VOLUME /workspace
EXPOSE 8501
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
# Inside the container the dashboard listens on all addresses; `-p` decides who reaches it.
CMD ["lensmae", "dashboard", "--no-browser", "--address", "0.0.0.0"]
