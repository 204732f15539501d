using Fabric.Bgp.Display;
using Fabric.Primitives;

namespace Fabric.Ctl.Capture;

/// <summary>All BGP connections of a capture, told apart by addresses and ports. Memory is bounded: the connection that was idle longest goes first.</summary>
/// <param name="port">The TCP port of BGP.</param>
/// <param name="given">What to assume of sessions whose OPENs were not seen.</param>
/// <param name="sink">Takes the messages.</param>
public sealed class BgpConversations(ushort port, DecodeContext given, IMessageSink sink)
{
    private const int MaxConversations = 4096;
    private const long MaxHeld = 64L * 1024 * 1024;

    private readonly Dictionary<Ends, LinkedListNode<(Ends Ends, BgpConversation Conversation)>> _byEnds = [];
    private readonly LinkedList<(Ends Ends, BgpConversation Conversation)> _byIdleness = new();
    private long _held;

    /// <summary>Takes a frame; one without BGP is passed over.</summary>
    public void Add(in CapturedFrame frame)
    {
        if (!TcpSegment.TryParse(frame.LinkType, frame.Octets, out var segment) || (segment.SourcePort != port && segment.DestinationPort != port))
        {
            return;
        }

        var (source, destination) = ((segment.Source, segment.SourcePort), (segment.Destination, segment.DestinationPort));
        var fromFirst = source.CompareTo(destination) <= 0;
        var ends = fromFirst ? new Ends(source, destination) : new Ends(destination, source);
        if (_byEnds.TryGetValue(ends, out var node))
        {
            _byIdleness.Remove(node);
            _byIdleness.AddLast(node);
        }
        else
        {
            node = _byIdleness.AddLast((ends, new BgpConversation(given, sink)));
            _byEnds.Add(ends, node);
        }

        var conversation = node.Value.Conversation;
        var before = conversation.Held;
        conversation.Add(fromFirst, frame.Time, segment);
        _held += conversation.Held - before;
        while ((_held > MaxHeld || _byEnds.Count > MaxConversations) && _byEnds.Count > 1)
        {
            EndOldest();
        }
    }

    /// <summary>The capture is at its end.</summary>
    public void End()
    {
        while (_byEnds.Count > 0)
        {
            EndOldest();
        }
    }

    private void EndOldest()
    {
        var (ends, conversation) = _byIdleness.First!.Value;
        _byIdleness.RemoveFirst();
        _byEnds.Remove(ends);
        _held -= conversation.Held;
        conversation.End();
    }

    private readonly record struct Ends((IpAddr Address, ushort Port) First, (IpAddr Address, ushort Port) Second);
}
