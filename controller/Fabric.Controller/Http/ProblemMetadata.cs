using Fabric.Controller.Contracts;

namespace Fabric.Controller.Http;

/// <summary>Declares an endpoint's problems for the OpenAPI document.</summary>
public static class ProblemMetadata
{
    /// <summary>Problems that the endpoint can answer with.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            builder.Produces<ProblemDocument>(status, Problem.MediaType);
        }

        return builder;
    }
}
