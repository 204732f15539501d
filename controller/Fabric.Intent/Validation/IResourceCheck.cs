using Fabric.Intent.Resources;

namespace Fabric.Intent.Validation;

/// <summary>A rule for a resource that needs to know how it is carried out, and so has its place outside the intent. Pure.</summary>
public interface IResourceCheck
{
    /// <summary>What is wrong with a resource that is valid otherwise: where in it, and why.</summary>
    IEnumerable<(string Pointer, string Message)> Check(Resource resource);
}
