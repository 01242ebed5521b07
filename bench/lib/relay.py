"""Routes packets between hosts with a rate and a delay, because not every kernel has a scheduler that delays.

relay.py BITS_PER_SECOND DELAY_SECONDS DEVICE=NAMESPACE=ADDRESS...

Opens a TUN device for each host, moves it into the host's network namespace and prints `ready`. A packet leaves its host when those before
it have left at the rate, and arrives after the delay. Queues hold a fifth of a second, as a switch with large buffers would.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MTU = 9000
QUEUE_SECONDS = 0.2


def run(*command):
    subprocess.run(command, check=True)


def open_device(name, namespace, address):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    run("ip", "link", "set", name, "netns", namespace)
    inside = ("ip", "-n", namespace)
    run(*inside, "address", "add", f"{address}/24", "dev", name)
    run(*inside, "link", "set", name, "mtu", str(MTU), "txqueuelen", "10000", "up")
    return device


def hurry():
    """Raises the priority of this process, because a real link does not wait for a core."""
    try:
        os.nice(-15)
    except PermissionError:
        pass


def main():
    hurry()
    rate, delay = float(sys.argv[1]) / 8, float(sys.argv[2])
    hosts = [argument.split("=") for argument in sys.argv[3:]]
    device_of = {
        bytes(int(part) for part in address.split(".")): open_device(name, namespace, address)
        for name, namespace, address in hosts
    }
    free = dict.fromkeys(device_of.values(), 0.0)
    poll = select.epoll()
    for device in free:
        poll.register(device, select.EPOLLIN)
    print("ready", flush=True)
    arrivals, number = [], 0
    while True:
        wait = max(0.0, arrivals[0][0] - time.monotonic()) if arrivals else -1
        for device, _ in poll.poll(wait):
            for _ in range(64):
                try:
                    packet = os.read(device, MTU + 100)
                except BlockingIOError:
                    break
                target, now = device_of.get(packet[16:20]), time.monotonic()
                if target is None or free[device] - now > QUEUE_SECONDS:
                    continue
                free[device] = max(now, free[device]) + len(packet) / rate
                number += 1
                heapq.heappush(arrivals, (free[device] + delay, number, target, packet))
        now = time.monotonic()
        while arrivals and arrivals[0][0] <= now:
            _, _, target, packet = heapq.heappop(arrivals)
            try:
                os.write(target, packet)
            except BlockingIOError:
                pass


main()
