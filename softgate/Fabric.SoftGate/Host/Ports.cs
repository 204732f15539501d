using Fabric.Hosting;
using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Host;

/// <summary>The ports that the data path is attached to. Belongs to the agent's loop.</summary>
internal sealed class Ports(DataPathObject path, string pins, EventLog log) : IDisposable
{
    private readonly Dictionary<string, (uint Index, XdpAttachment Attachment)> _attached = new(StringComparer.Ordinal);
    private readonly HashSet<string> _complained = new(StringComparer.Ordinal);

    private string Directory => Path.Combine(pins, "links");

    /// <summary>Ports that are attached, and how.</summary>
    internal IReadOnlyDictionary<string, XdpMode> Attached => _attached.ToDictionary(p => p.Key, p => p.Value.Attachment.Mode, StringComparer.Ordinal);

    /// <summary>Attaches to the wanted ports that are there, and takes the program off all others that have it by us.</summary>
    /// <param name="wanted">Names of ports, and the MTU that they need.</param>
    /// <param name="links">Interfaces there are.</param>
    internal void Set(IReadOnlyCollection<NeededPort> wanted, IReadOnlyDictionary<string, Link> links)
    {
        System.IO.Directory.CreateDirectory(Directory);
        foreach (var (name, (index, attachment)) in _attached.ToList())
        {
            if (links.TryGetValue(name, out var link) && link.Index == index)
            {
                continue;
            }

            attachment.Dispose(); // Its interface is gone.
            _attached.Remove(name);
            log.Write("warning", "port-gone", $"{name} is gone; the data path is attached again when it comes back");
        }

        foreach (var port in wanted)
        {
            if (!_attached.ContainsKey(port.Name))
            {
                Attach(port, links);
            }
        }

        var keep = wanted.Select(p => PinOf(p.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, (_, attachment)) in _attached.Where(p => !keep.Contains(PinOf(p.Key))).ToList())
        {
            attachment.Detach();
            _attached.Remove(name);
            log.Write("info", "port-detached", $"{name} is no port of this node any more");
        }

        foreach (var pin in System.IO.Directory.EnumerateFiles(Directory).Where(p => !keep.Contains(p)).ToList())
        {
            File.Delete(pin); // Of an earlier run.
        }
    }

    /// <summary>Lets go of the attachments; those that are pinned stay.</summary>
    public void Dispose()
    {
        foreach (var (_, attachment) in _attached.Values)
        {
            attachment.Dispose();
        }

        _attached.Clear();
    }

    private void Attach(NeededPort port, IReadOnlyDictionary<string, Link> links)
    {
        if (!links.TryGetValue(port.Name, out var link))
        {
            Complain(port.Name, "port-missing", $"{port.Name} is not there; the data path is attached when it comes");
            return;
        }

        try
        {
            var attachment = XdpAttachment.Attach(path, "fabric_xdp", link.Index, PinOf(port.Name));
            _attached.Add(port.Name, (link.Index, attachment));
            _complained.Remove(port.Name);
            switch (attachment.Mode)
            {
                case XdpMode.Generic:
                    log.Write("warning", "port-slow", $"{port.Name}: its driver runs no XDP program ({attachment.NativeRefusal}); generic XDP is used, which is slow");
                    break;
                case XdpMode.Kept:
                    log.Write("info", "port-replaced", $"{port.Name}: this program has taken the place of an earlier one");
                    break;
                default:
                    log.Write("info", "port-attached", port.Name);
                    break;
            }

            if (link.Mtu < port.Mtu)
            {
                log.Write("warning", "port-mtu", $"{port.Name}: its MTU is {link.Mtu}, the underlay's {port.Mtu}: larger packets are lost");
            }
        }
        catch (KernelException e)
        {
            Complain(port.Name, "port-refused", $"{port.Name}: {e.Message}");
        }
    }

    private void Complain(string port, string name, string text)
    {
        if (_complained.Add(port))
        {
            log.Write("error", name, text);
        }
    }

    /// <summary>Where a port's attachment is pinned. Names in a bpf file system have no dots.</summary>
    private string PinOf(string port) => Path.Combine(Directory, port.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2e", StringComparison.Ordinal));
}
