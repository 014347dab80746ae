#!/bin/sh
# What an Ubuntu server needs for compose.yaml; given to a new EC2 instance as user data, so it runs as root, once.
set -eu
apt-get update
apt-get install --yes docker.io docker-buildx docker-compose-v2 git
